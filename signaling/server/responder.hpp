// How the application answers the web; WebServer is one, tests have another.
#pragma once

#include <string>

#include "signaling/core/effects.hpp"
#include "signaling/server/http.hpp"

namespace icebreaker::signaling {

class Responder {
 public:
  virtual ~Responder() = default;

  // Ids that are gone are ignored: the client may have hung up meanwhile.
  virtual void respond(ConnectionId request, HttpResponse response) = 0;
  // Answers with a body that goes on; of the response only status and headers count.
  virtual void open_stream(ConnectionId request, HttpResponse head) = 0;
  virtual void send_piece(ConnectionId stream, std::string piece) = 0;
  // After what was sent.
  virtual void end_stream(ConnectionId stream) = 0;
  virtual void send(ConnectionId socket, std::string text) = 0;
  // After what was sent.
  virtual void close(ConnectionId socket, SocketClose close) = 0;
};

}  // namespace icebreaker::signaling
