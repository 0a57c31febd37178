#include "signaling/server/hangup_watch.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <sys/epoll.h>

namespace icebreaker::signaling {

HangupWatch::HangupWatch(uv_loop_t* loop, OnHangup on_hangup)
    : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, on_hangup_{std::move(on_hangup)} {
  if (!epoll_) throw std::system_error{errno, std::system_category(), "epoll_create1"};
  poll_.start(loop, epoll_.get(), [this] { on_ready(); });
}

void HangupWatch::add(int fd, ConnectionId connection) {
  epoll_event event{.events = EPOLLRDHUP | EPOLLONESHOT, .data = {.u64 = connection.value}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  }
}

void HangupWatch::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void HangupWatch::on_ready() {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    on_hangup_(ConnectionId{events.at(static_cast<std::size_t>(i)).data.u64});
  }
}

}  // namespace icebreaker::signaling
