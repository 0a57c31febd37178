// HTTP/1.1 and WebSocket on one port: libwebsockets on a libuv loop behind values and ids.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include <uv.h>

#include "common/base/address.hpp"
#include "common/service/log.hpp"
#include "signaling/core/effects.hpp"
#include "signaling/server/http.hpp"
#include "signaling/server/responder.hpp"
#include "signaling/server/web_handler.hpp"

namespace icebreaker::signaling {

struct WebServerConfig {
  SocketAddress listen;
  std::string certificate_file;  // both empty: no TLS
  std::string key_file;
  std::size_t body_bytes = 256 * std::size_t{1024};
  std::size_t message_bytes = 64 * std::size_t{1024};
  // A WebSocket connection or stream that leaves more than this unread is closed.
  std::size_t outbox_bytes = std::size_t{1024} * 1024;
  std::chrono::milliseconds ping{25'000};
  // From a request's first byte to the last of its body: a third for the head, the rest for the
  // body.
  std::chrono::seconds request_time{30};
  // What is above is refused: a few in words (HttpRequest::load), the rest by hanging up.
  std::size_t connections = 1000;
};

struct WebCounters {
  std::uint64_t connections = 0;  // TCP, accepted
  std::uint64_t excess = 0;       // of them, above the limit
  std::uint64_t requests = 0;
  std::uint64_t streams = 0;
  std::uint64_t sockets = 0;
  std::uint64_t slow_readers = 0;  // closed for outbox_bytes
  std::uint64_t pongs = 0;
  std::uint64_t silent = 0;  // closed for answering no ping
  std::uint64_t accept_failures = 0;
};

class WebServer final : public Responder {
 public:
  class Impl;

  // The error is one line that says what to do. Loop, handler and logger outlive the server.
  static std::expected<std::unique_ptr<WebServer>, std::string> start(uv_loop_t* loop,
                                                                      const WebServerConfig& config,
                                                                      WebHandler& handler,
                                                                      service::Logger logger);
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;
  WebServer(WebServer&&) = delete;
  WebServer& operator=(WebServer&&) = delete;
  // Closes everything that is still open, without telling the handler; runs the loop until the
  // library let go of it.
  ~WebServer() override;

  [[nodiscard]] SocketAddress address() const;

  // Ids that are gone are ignored: the client may have hung up meanwhile.
  void respond(ConnectionId request, HttpResponse response) override;
  void open_stream(ConnectionId request, HttpResponse head) override;
  void send_piece(ConnectionId stream, std::string piece) override;
  void end_stream(ConnectionId stream) override;
  void send(ConnectionId socket, std::string text) override;
  // After what was sent.
  void close(ConnectionId socket, SocketClose close) override;

  // Every connection ends with its next response; new ones are still accepted.
  void drain();

  // Requests without an answer and sockets that are open, closing ones included.
  [[nodiscard]] std::size_t open_count() const;

  // TCP connections now.
  [[nodiscard]] std::size_t connection_count() const;

  [[nodiscard]] const WebCounters& counters() const;

 private:
  explicit WebServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace icebreaker::signaling
