// The inside of LwsLinks: one Link per WebSocket or request, driven by libwebsockets' callback.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <libwebsockets.h>

#include "common/client_net/lws_links.hpp"
#include "common/net/lws_on_libuv.hpp"
#include "common/net/resolver.hpp"

namespace icebreaker::client_net {

struct Link {
  // Resolving and Connecting: nothing was sent. Open: handshake done, or the request is out.
  // Closing: the client has let go of it, what was queued still goes out.
  enum class Phase : std::uint8_t { Resolving, Connecting, Open, Closing };

  signaling_client::LinkId id;
  Phase phase = Phase::Resolving;
  lws* wsi = nullptr;
  std::vector<SocketAddress> addresses{};  // the next to try is the last
  std::string path;

  // WebSocket
  bool is_socket = false;
  std::deque<std::string> outbox{};
  std::string message{};  // in the making
  std::uint16_t close_code = 0;

  // Request and its response
  signaling_client::Method method = signaling_client::Method::Get;
  std::string body{};
  std::uint16_t head_status = 0;
  enum class Reading : std::uint8_t { Whole, Stream };
  Reading reading = Reading::Whole;  // first what is wanted, then what it is
  signaling_client::event::Responded response{};
};

class LwsLinks::Impl {
 public:
  Impl(uv_loop_t* loop, LinkOptions options, OnEvent on_event);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;
  ~Impl();

  std::expected<void, std::string> create_context();

  void open(Link link);
  void send_frame(signaling_client::LinkId id, std::string text);
  // Lets what was queued go out first.
  void close_socket(signaling_client::LinkId id);
  void cancel(signaling_client::LinkId id);

  [[nodiscard]] std::size_t open_count() const { return links_.size(); }

  // The library's callback; a non-zero result closes the connection.
  int on_lws_event(lws* wsi, lws_callback_reasons reason, void* in, std::size_t length);

 private:
  using Phase = Link::Phase;

  void connect(Link& link);
  void try_next_address(Link& link);
  void on_gone(Link& link);

  // lws_links_events.cpp
  int on_socket_event(Link& link, lws_callback_reasons reason, std::string_view bytes);
  int on_request_event(Link& link, lws_callback_reasons reason, void* in, std::size_t length);
  void on_connection_error(Link& link, std::string_view text);
  int on_frame(Link& link, std::string_view bytes);
  int on_socket_writable(Link& link);
  int on_append_headers(Link& link, unsigned char** at, std::size_t room);
  int on_request_writable(Link& link);
  int on_response_bytes(Link& link, std::string_view bytes);
  int read_response(Link& link);
  int on_completed(Link& link);
  void finish(Link& link);
  void kill(Link& link);
  Link* find(signaling_client::LinkId id) const;

  uv_loop_t* loop_;
  LinkOptions options_;
  OnEvent on_event_;
  net::Resolver resolver_;
  net::LwsOnLibuv library_;
  std::unordered_map<signaling_client::LinkId, std::unique_ptr<Link>> links_;
  std::vector<std::unique_ptr<Link>> ended_;  // the library may still name them in this callback
  std::string scratch_;                       // LWS_PRE bytes of room, then what is written
  bool ending_ = false;
};

}  // namespace icebreaker::client_net
