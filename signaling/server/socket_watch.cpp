#include "signaling/server/socket_watch.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <sys/epoll.h>

namespace icebreaker::signaling {

SocketWatch::SocketWatch(uv_loop_t* loop, OnEvent on_event)
    : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, on_event_{std::move(on_event)} {
  if (!epoll_) throw std::system_error{errno, std::system_category(), "epoll_create1"};
  poll_.start(loop, epoll_.get(), [this] { on_ready(); });
}

void SocketWatch::add(int fd, ConnectionId connection, Event until) {
  const std::uint32_t events = until == Event::Writable ? EPOLLOUT : EPOLLRDHUP;
  epoll_event event{.events = events | EPOLLONESHOT, .data = {.u64 = connection.value}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
  }
}

void SocketWatch::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void SocketWatch::on_ready() {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    on_event_(ConnectionId{events.at(static_cast<std::size_t>(i)).data.u64});
  }
}

}  // namespace icebreaker::signaling
