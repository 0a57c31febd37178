// When to try to bring a session that runs over HTTP back to WebSocket: at growing intervals, while
// HTTP goes on working. Also tells whether WebSockets are not worth another try for now:
// those that get through and then do not last.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "common/base/random.hpp"
#include "common/base/time.hpp"
#include "common/signaling_client/backoff.hpp"
#include "common/signaling_client/timers.hpp"

namespace icebreaker::signaling_client {

class TransportUpgrade {
 public:
  enum class SocketLife : std::uint8_t { Short, Steady };

  TransportUpgrade(Timers& timers, RandomSource& random) : timers_{timers}, random_{random} {}

  [[nodiscard]] bool distrusts_web_socket() const { return short_sockets_ >= kShortSocketsLimit; }

  // HTTP carries the session now.
  void schedule(Now now) {
    const std::uint32_t ceiling_s = std::min(kLastS, kFirstS << std::min(attempts_, 16U));
    const double wait_ms = ceiling_s * 1000.0 * (0.75 + fraction(random_) / 2);
    timers_.set(kTimer, now.mono + std::chrono::milliseconds{static_cast<std::int64_t>(wait_ms)});
  }

  void cancel() { timers_.erase(kTimer); }

  // A try begins.
  void on_try(Now now) {
    cancel();
    ++attempts_;
    tried_at_ = now.mono;
  }

  // The network may have changed: whether to try at once.
  [[nodiscard]] bool wants_try_at_wake(Now now) {
    const bool recent = tried_at_ && now.mono - *tried_at_ < std::chrono::seconds{kFirstS};
    if (!timers_.deadline_of(kTimer) || recent) return false;
    attempts_ = 0;
    return true;
  }

  // WebSocket carries the session now.
  void on_success() {
    cancel();
    if (!distrusts_web_socket()) attempts_ = 0;
  }

  // A WebSocket was lost.
  void on_socket_ended(SocketLife life) {
    short_sockets_ = life == SocketLife::Steady ? 0 : short_sockets_ + 1;
  }

 private:
  static constexpr TimerKey kTimer{{}, Timer::Upgrade};
  static constexpr std::uint32_t kFirstS = 10;
  static constexpr std::uint32_t kLastS = 320;
  static constexpr int kShortSocketsLimit = 3;

  Timers& timers_;
  RandomSource& random_;
  std::uint32_t attempts_ = 0;
  std::optional<MonoTime> tried_at_;
  int short_sockets_ = 0;
};

}  // namespace icebreaker::signaling_client
