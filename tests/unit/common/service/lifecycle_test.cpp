#include "common/service/lifecycle.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace icebreaker::service {
namespace {

// Signals go to this thread, which is where Lifecycle blocked them; it reads them from its fd.
void raise_here(int signal) {
  ::pthread_kill(::pthread_self(), signal);
}

TEST(Lifecycle, TurnsSignalsIntoEvents) {
  Lifecycle lifecycle;
  EXPECT_FALSE(lifecycle.poll().has_value());

  raise_here(SIGHUP);
  EXPECT_EQ(lifecycle.poll(), LifecycleEvent::Reload);
  raise_here(SIGTERM);
  EXPECT_EQ(lifecycle.poll(), LifecycleEvent::Stop);
  raise_here(SIGINT);
  EXPECT_EQ(lifecycle.poll(), LifecycleEvent::Stop);
  EXPECT_FALSE(lifecycle.poll().has_value());
}

TEST(Lifecycle, MakesItsDescriptorReadableWhenThereIsAnEvent) {
  Lifecycle lifecycle;
  pollfd poll_fd{.fd = lifecycle.fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&poll_fd, 1, 0), 0);

  raise_here(SIGHUP);

  EXPECT_EQ(::poll(&poll_fd, 1, 0), 1);
  EXPECT_EQ(lifecycle.poll(), LifecycleEvent::Reload);
}

TEST(Lifecycle, RunsReloadsUntilAnotherThreadAsksToStop) {
  Lifecycle lifecycle;
  int reloads = 0;
  std::thread stopper;
  raise_here(SIGHUP);

  lifecycle.run({.reload =
                     [&] {
                       ++reloads;
                       stopper = std::thread{[&] { lifecycle.request_stop(); }};
                     },
                 .alive = {}});

  stopper.join();
  EXPECT_EQ(reloads, 1);
}

// Stands for systemd's end of $NOTIFY_SOCKET.
class NotifySocket {
 public:
  NotifySocket() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // An abstract name: nothing to clean up in the file system.
    const std::string name = "icebreaker-test-" + std::to_string(::getpid());
    name.copy(&address.sun_path[1], sizeof address.sun_path - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): sockets API.
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setenv("NOTIFY_SOCKET", ('@' + name).c_str(), 1);
  }

  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  NotifySocket(NotifySocket&&) = delete;
  NotifySocket& operator=(NotifySocket&&) = delete;

  ~NotifySocket() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }

  [[nodiscard]] std::string next() const {
    std::array<char, 512> buffer{};
    const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  int fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

TEST(Lifecycle, TellsTheServiceManager) {
  const NotifySocket manager;
  Lifecycle lifecycle;

  lifecycle.notify_ready("serving");
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=serving");
  lifecycle.notify_reloading();
  EXPECT_TRUE(manager.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  lifecycle.notify_stopping();
  EXPECT_EQ(manager.next(), "STOPPING=1");
}

TEST(Lifecycle, FeedsTheWatchdogOnlyWhileTheServerIsAlive) {
  const NotifySocket manager;
  ::setenv("WATCHDOG_USEC", "20000", 1);
  Lifecycle lifecycle;
  ::unsetenv("WATCHDOG_USEC");
  int asked = 0;

  lifecycle.run({.reload = {}, .alive = [&] {
                   if (++asked == 3) lifecycle.request_stop();
                   return asked == 2;
                 }});

  EXPECT_EQ(lifecycle.watchdog_period(), std::chrono::milliseconds{10});
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  lifecycle.notify_stopping();
  EXPECT_EQ(manager.next(), "STOPPING=1");  // and no second WATCHDOG=1 before it
}

TEST(Lifecycle, DrainsUntilNothingIsLeft) {
  Lifecycle lifecycle;
  int left = 3;
  raise_here(SIGHUP);  // comes too late to matter

  const DrainEnd end = lifecycle.drain(
      {.within = std::chrono::minutes{1}, .done = [&] { return --left == 0; }, .alive = {}});

  EXPECT_EQ(end, DrainEnd::Done);
  EXPECT_EQ(left, 0);
}

TEST(Lifecycle, DrainsNoLongerThanAllowedAndUntilAskedAgain) {
  Lifecycle lifecycle;
  const auto never = [] { return false; };

  EXPECT_EQ(lifecycle.drain({.within = std::chrono::milliseconds{1}, .done = never, .alive = {}}),
            DrainEnd::TimeOver);
  raise_here(SIGTERM);
  EXPECT_EQ(lifecycle.drain({.within = std::chrono::minutes{1}, .done = never, .alive = {}}),
            DrainEnd::Asked);
}

TEST(Lifecycle, FeedsTheWatchdogWhileItDrains) {
  const NotifySocket manager;
  ::setenv("WATCHDOG_USEC", "20000", 1);
  Lifecycle lifecycle;
  ::unsetenv("WATCHDOG_USEC");
  int asked = 0;

  lifecycle.drain({.within = std::chrono::minutes{1},
                   .done = [&] { return asked == 3; },
                   .alive = [&] { return ++asked != 2; }});

  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  lifecycle.notify_stopping();
  EXPECT_EQ(manager.next(), "STOPPING=1");
}

TEST(Lifecycle, FeedsTheWatchdogAlsoWhileOneReloadFollowsTheOther) {
  ::setenv("WATCHDOG_USEC", "20000", 1);
  Lifecycle lifecycle;
  ::unsetenv("WATCHDOG_USEC");
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  int asked = 0;
  raise_here(SIGHUP);

  lifecycle.run({.reload =
                     [&] {
                       if (std::chrono::steady_clock::now() > until) lifecycle.request_stop();
                       raise_here(SIGHUP);
                     },
                 .alive =
                     [&] {
                       ++asked;
                       lifecycle.request_stop();
                       return true;
                     }});

  EXPECT_GE(asked, 1);
}

}  // namespace
}  // namespace icebreaker::service
