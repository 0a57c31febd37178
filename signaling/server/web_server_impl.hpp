// The inside of WebServer: one WebConnection per TCP connection, driven by libwebsockets' callback.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <libwebsockets.h>
#include <uv.h>

#include "common/base/deadline_queue.hpp"
#include "common/base/time.hpp"
#include "common/net/lws_on_libuv.hpp"
#include "common/net/uv_handles.hpp"
#include "signaling/server/listen_socket.hpp"
#include "signaling/server/lws_request.hpp"
#include "signaling/server/outgoing.hpp"
#include "signaling/server/socket_watch.hpp"
#include "signaling/server/web_server.hpp"

namespace icebreaker::signaling {

struct WebConnection {
  // Idle: between requests. Body: its bytes are still coming. Held: the application has it.
  // Answered: the response waits for the network. Completed: it went, and there must be room for
  // the next one before the next request is read. Streaming: the answer goes on. Socket: WebSocket,
  // to the end.
  enum class Phase : std::uint8_t { Idle, Body, Held, Answered, Completed, Streaming, Socket };
  // Of the request's body, wanted or not.
  enum class BodyProgress : std::uint8_t { None, Some };

  // Of a stream. Blocked: the rest goes when the network takes more. Broken: it will be closed.
  enum class Flow : std::uint8_t { Free, Blocked, Broken };

  // By size, for each idle connection holds all of it.
  lws* wsi = nullptr;
  ConnectionId id;                    // of the request or socket; renewed for each request
  std::unique_ptr<RequestHead> head;  // until the application has it
  std::size_t outbox_bytes = 0;
  MonoTime last_heard;
  std::vector<std::string> outbox;  // an empty deque would hold 0.6 KB
  std::string message;              // a WebSocket message in the making
  std::optional<SocketClose> closing;
  Outgoing outgoing;
  IpAddress peer;
  HttpRequest::Load load = HttpRequest::Load::Normal;
  Phase phase = Phase::Idle;
  BodyProgress body = BodyProgress::None;
  Flow flow = Flow::Free;
  bool stream_ended = false;
  bool message_too_large = false;
  bool close_started = false;
  bool ping_due = false;
  bool broken = false;  // a write failed; the library closes it when it asks us next
  WireOptions wire;     // of the request that is answered next
};

class WebServer::Impl {
 public:
  Impl(uv_loop_t* loop, const WebServerConfig& config, WebHandler& handler, service::Logger logger);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;
  ~Impl();

  std::expected<void, std::string> start();

  void drain() { draining_ = true; }

  void respond(ConnectionId request, HttpResponse response);
  void open_stream(ConnectionId request, HttpResponse head);
  void send_piece(ConnectionId stream, std::string_view piece);
  void end_stream(ConnectionId stream);
  void send(ConnectionId socket, std::string text);
  void close(ConnectionId socket, SocketClose close);

  // The library's callback; a non-zero result closes the connection.
  int on_event(lws* wsi, lws_callback_reasons reason, void* in, std::size_t length);

  [[nodiscard]] SocketAddress address() const { return listener_.address; }

  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }

  [[nodiscard]] std::size_t open_count() const { return by_id_.size(); }

  [[nodiscard]] const WebCounters& counters() const { return counters_; }

 private:
  using Phase = WebConnection::Phase;
  using BodyProgress = WebConnection::BodyProgress;

  std::expected<void, std::string> create_context();
  void start_accepting();
  void stop_listening();
  void on_acceptable();
  void adopt(AcceptedSocket accepted);

  // web_server_http.cpp
  int on_head(WebConnection& connection);
  int on_body(WebConnection& connection, std::string_view bytes);
  int on_body_end(WebConnection& connection);
  int dispatch(WebConnection& connection);
  void refuse(WebConnection& connection, HttpResponse response, Connection then);
  int on_http_writable(WebConnection& connection);
  int write_response(WebConnection& connection);
  void put_response(WebConnection& connection, HttpResponse response);
  void go_on_when_writable(WebConnection& connection);
  void wait_for_room(WebConnection& connection);
  void finish(WebConnection& connection);
  void on_watched(ConnectionId request);
  void hang_up(WebConnection& connection);

  // web_server_stream.cpp
  WebConnection* find_stream(ConnectionId stream) const;
  void write_stream(WebConnection& connection);
  void put_piece(WebConnection& connection, std::string_view piece);

  // web_server_socket.cpp
  int on_upgrade(WebConnection& connection);
  void on_established(WebConnection& connection);
  int on_frame(WebConnection& connection, std::string_view bytes);
  int on_socket_writable(WebConnection& connection);
  static bool has_unwritten(const WebConnection& connection);
  bool write_frames(WebConnection& connection);
  void start_close(WebConnection& connection);
  void on_socket_deadline(WebConnection& connection, MonoTime now);
  void drop_outbox(WebConnection& connection);

  int on_connection_event(WebConnection& connection, lws_callback_reasons reason,
                          std::string_view bytes);
  void on_closed(WebConnection& connection);
  void set_deadline(const WebConnection& connection, std::chrono::milliseconds after);
  void on_deadline_timer();
  void start_deadline_timer(MonoTime now);
  WebConnection* find(ConnectionId id) const;
  void begin(WebConnection& connection);
  void end(WebConnection& connection);

  uv_loop_t* loop_;
  WebServerConfig config_;
  WebHandler& handler_;
  service::Logger logger_;
  service::LogLimiter accept_warnings_{1, std::chrono::minutes{1}};
  net::LwsOnLibuv library_;
  ListenSocket listener_;
  net::UvPoll accept_poll_;
  net::UvTimer accept_pause_;
  net::UvTimer deadline_timer_;
  std::unique_ptr<SocketWatch> watch_;
  std::unordered_map<WebConnection*, std::unique_ptr<WebConnection>> connections_;
  std::unordered_map<ConnectionId, WebConnection*> by_id_;
  DeadlineQueue<ConnectionId>
      deadlines_;        // a ping, the end of a close, a client that reads nothing
  std::string scratch_;  // LWS_PRE bytes of room, then what is written
  std::uint64_t last_id_ = 0;
  ConnectionId dispatching_;  // the application is being told of it
  bool draining_ = false;
  bool ending_ = false;
  WebCounters counters_;
};

}  // namespace icebreaker::signaling
