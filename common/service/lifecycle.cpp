#include "common/service/lifecycle.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <system_error>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

namespace icebreaker::service {
namespace {

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::system_category(), what);
  return result;
}

sigset_t handled_signals() {
  sigset_t set{};
  sigemptyset(&set);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, each);
  return set;
}

void add_reader(int epoll_fd, int fd) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  checked(::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

std::optional<std::chrono::milliseconds> watchdog_period_of_service_manager() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  // sd_watchdog_enabled(3) advises to notify every half of the interval.
  return std::chrono::milliseconds{microseconds / 1000 / 2};
}

}  // namespace

std::string_view name_of(DrainEnd end) {
  switch (end) {
    case DrainEnd::Done:
      return "done";
    case DrainEnd::TimeOver:
      return "time-over";
    case DrainEnd::Asked:
      return "asked-again";
  }
  return "unknown";
}

Lifecycle::Lifecycle()
    : watchdog_period_{watchdog_period_of_service_manager()},
      feed_at_{Clock::now() + watchdog_period_.value_or(std::chrono::milliseconds{0})} {
  const sigset_t signals = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signal_fd_ = checked(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
  stop_fd_ = checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
  epoll_fd_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  add_reader(epoll_fd_, signal_fd_);
  add_reader(epoll_fd_, stop_fd_);
}

Lifecycle::~Lifecycle() {
  for (const int each : {epoll_fd_, stop_fd_, signal_fd_}) {
    if (each >= 0) ::close(each);
  }
}

void Lifecycle::hold_reloads() {
  sigset_t reload{};
  sigemptyset(&reload);
  sigaddset(&reload, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &reload, nullptr);
}

std::optional<LifecycleEvent> Lifecycle::poll() {
  return wait(std::chrono::milliseconds{0});
}

void Lifecycle::feed_watchdog() {
  ::sd_notify(0, "WATCHDOG=1");
}

void Lifecycle::run(const Handlers& handlers) {
  while (true) {
    const auto event = wait(tend_watchdog(handlers.alive));
    if (event == LifecycleEvent::Stop) return;
    if (event == LifecycleEvent::Reload) {
      notify_reloading();
      if (handlers.reload) handlers.reload();
      notify_ready("reloaded");
    }
  }
}

DrainEnd Lifecycle::drain(const Drain& drain) {
  // Looking again and again is simple, and only for this short while.
  constexpr std::chrono::milliseconds kLook{50};
  const auto deadline = Clock::now() + drain.within;
  while (true) {
    const auto until_feeding = tend_watchdog(drain.alive);
    if (drain.done()) return DrainEnd::Done;
    if (Clock::now() >= deadline) return DrainEnd::TimeOver;
    if (wait(std::min(until_feeding.value_or(kLook), kLook)) == LifecycleEvent::Stop) {
      return DrainEnd::Asked;
    }
  }
}

// Feeds it when it is time, by the clock, because reloads at short intervals must not starve it.
// Returns how long until the next time.
std::optional<std::chrono::milliseconds> Lifecycle::tend_watchdog(
    const std::function<bool()>& alive) {
  if (!watchdog_period_) return std::nullopt;
  if (Clock::now() >= feed_at_) {
    feed_at_ = Clock::now() + *watchdog_period_;
    if (!alive || alive()) feed_watchdog();
  }
  return std::chrono::ceil<std::chrono::milliseconds>(feed_at_ - Clock::now());
}

void Lifecycle::request_stop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_fd_, &one, sizeof one);
}

void Lifecycle::notify_ready(const std::string& status) {
  ::sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}

void Lifecycle::notify_reloading() {
  // sd_notify(3): Type=notify-reload wants the time beside RELOADING=1.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void Lifecycle::notify_stopping() {
  ::sd_notify(0, "STOPPING=1");
}

std::optional<LifecycleEvent> Lifecycle::wait(std::optional<std::chrono::milliseconds> timeout) {
  epoll_event event{};
  const int timeout_ms =
      timeout ? static_cast<int>(std::max<std::int64_t>(timeout->count(), 0)) : -1;
  if (::epoll_wait(epoll_fd_, &event, 1, timeout_ms) <= 0) return std::nullopt;
  if (event.data.fd == stop_fd_) return LifecycleEvent::Stop;
  signalfd_siginfo signal{};
  if (::read(signal_fd_, &signal, sizeof signal) != sizeof signal) return std::nullopt;
  return signal.ssi_signo == SIGHUP ? LifecycleEvent::Reload : LifecycleEvent::Stop;
}

}  // namespace icebreaker::service
