// Signals, service-manager notifications and the watchdog of one process. SIGTERM and SIGINT ask it
// to stop, SIGHUP to reload.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace icebreaker::service {

// Nothing was left, the time was over, or somebody asked again to stop.
enum class DrainEnd : std::uint8_t { Done, TimeOver, Asked };

std::string_view name_of(DrainEnd end);

enum class LifecycleEvent : std::uint8_t { Stop, Reload };

class Lifecycle {
 public:
  // Blocks the signals in the calling thread, so construct it before any other thread starts.
  // Ignores SIGPIPE for the whole process. Throws std::system_error.
  Lifecycle();
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;
  Lifecycle(Lifecycle&&) = delete;
  Lifecycle& operator=(Lifecycle&&) = delete;
  ~Lifecycle();

  // For programs with an event loop: readable when poll() has something, and half the watchdog's
  // period when there is one (call feed_watchdog() that often while the loop is healthy).
  [[nodiscard]] int fd() const { return epoll_fd_; }

  // For main(), before anything else: until there is a Lifecycle, a SIGHUP would end the process.
  static void hold_reloads();

  std::optional<LifecycleEvent> poll();

  [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_period() const {
    return watchdog_period_;
  }

  void feed_watchdog();

  // For programs whose main thread has nothing else to do: handles events until Stop.
  struct Handlers {
    std::function<void()> reload;
    std::function<bool()> alive;  // asked once per watchdog period; false starves the watchdog
  };

  void run(const Handlers& handlers);

  // For the same programs after run(): what was begun may go on for a while. Reloads are not asked
  // for any more.
  struct Drain {
    std::chrono::milliseconds within;
    std::function<bool()> done;
    std::function<bool()> alive;  // as in Handlers
  };

  DrainEnd drain(const Drain& drain);

  // Any thread: makes poll() or run() see a Stop, e.g. when a worker failed.
  void request_stop();

  // sd_notify; without a service manager they do nothing.
  void notify_ready(const std::string& status);
  void notify_reloading();
  void notify_stopping();

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<std::chrono::milliseconds> tend_watchdog(const std::function<bool()>& alive);
  std::optional<LifecycleEvent> wait(std::optional<std::chrono::milliseconds> timeout);

  int signal_fd_ = -1;
  int stop_fd_ = -1;
  int epoll_fd_ = -1;
  std::optional<std::chrono::milliseconds> watchdog_period_;
  Clock::time_point feed_at_;
};

}  // namespace icebreaker::service
