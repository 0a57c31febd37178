// Notices clients that hang up while their request is held. libwebsockets does not read during a
// transaction, so it would either spin on a readable socket or, with reading off, learn nothing.
#pragma once

#include <functional>

#include "common/net/unique_fd.hpp"
#include "common/net/uv_handles.hpp"
#include "signaling/core/effects.hpp"

namespace icebreaker::signaling {

class HangupWatch {
 public:
  // Once per watched connection; it is watched no more then.
  using OnHangup = std::function<void(ConnectionId)>;

  HangupWatch(uv_loop_t* loop, OnHangup on_hangup);

  // The descriptor stays the caller's; remove it before it is closed.
  void add(int fd, ConnectionId connection);
  void remove(int fd);

 private:
  void on_ready();

  net::UniqueFd epoll_;
  OnHangup on_hangup_;
  net::UvPoll poll_;
};

}  // namespace icebreaker::signaling
