// Watches sockets in place of libwebsockets while a request is held or its answer waits for the
// network. With its reading on it would spin on whatever is pipelined; with its reading off it
// tells neither of a client that hung up nor of room to write.
#pragma once

#include <cstdint>
#include <functional>

#include "common/net/unique_fd.hpp"
#include "common/net/uv_handles.hpp"
#include "signaling/core/effects.hpp"

namespace icebreaker::signaling {

class SocketWatch {
 public:
  enum class Event : std::uint8_t { HungUp, Writable };
  // Once per watched connection; it is watched no more then.
  using OnEvent = std::function<void(ConnectionId)>;

  SocketWatch(uv_loop_t* loop, OnEvent on_event);

  // Replaces an earlier wish. The descriptor stays the caller's; remove it before it is closed.
  void add(int fd, ConnectionId connection, Event until);
  void remove(int fd);

 private:
  void on_ready();

  net::UniqueFd epoll_;
  OnEvent on_event_;
  net::UvPoll poll_;
};

}  // namespace icebreaker::signaling
