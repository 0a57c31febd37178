// What the web server tells the application. Called on the loop's thread; the application may
// answer from inside a call or any time later.
#pragma once

#include <optional>
#include <string_view>

#include "signaling/core/effects.hpp"
#include "signaling/server/http.hpp"

namespace icebreaker::signaling {

class WebHandler {
 public:
  virtual ~WebHandler() = default;

  // A whole request with its body; each is answered by one WebServer::respond or open_stream.
  virtual void on_request(ConnectionId request, HttpRequest& http) = 0;
  // A request whose body is not taken: what to answer in place of `refusal`; on_request does not
  // follow.
  virtual HttpResponse refuse_body(const HttpRequest& http, HttpResponse refusal) = 0;
  // The client hung up before it was answered, or before the stream's end, or reads it too slowly;
  // do not answer any more.
  virtual void on_request_gone(ConnectionId request) = 0;

  // Nothing: go on with the WebSocket handshake. Otherwise the refusal.
  virtual std::optional<HttpResponse> check_upgrade(const HttpRequest& http) = 0;
  virtual void on_socket_open(ConnectionId socket, const HttpRequest& http) = 0;
  // A whole message.
  virtual void on_socket_message(ConnectionId socket, std::string_view text) = 0;
  // A message above the limit, which was not kept.
  virtual void on_socket_too_large(ConnectionId socket) = 0;
  virtual void on_socket_closed(ConnectionId socket) = 0;
};

}  // namespace icebreaker::signaling
