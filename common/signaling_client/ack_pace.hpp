// When to acknowledge what was received: after 32 messages, or a second after the first of them.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/base/time.hpp"
#include "common/signaling_client/timers.hpp"

namespace icebreaker::signaling_client {

class AckPace {
 public:
  AckPace(Timers& timers, OwnerId owner) : timers_{timers}, timer_{owner, Timer::Acknowledge} {}

  // True when it is time. Otherwise Timer::Acknowledge of the owner will tell.
  [[nodiscard]] bool delivered(Now now) {
    if (++unacknowledged_ >= kEveryMessages) return true;
    if (!timers_.deadline_of(timer_)) timers_.set(timer_, now.mono + kDelay);
    return false;
  }

  // It was acknowledged, or nobody is left who wants to know.
  void clear() {
    timers_.erase(timer_);
    unacknowledged_ = 0;
  }

 private:
  static constexpr std::uint32_t kEveryMessages = 32;
  static constexpr std::chrono::seconds kDelay{1};

  Timers& timers_;
  TimerKey timer_;
  std::uint32_t unacknowledged_ = 0;
};

}  // namespace icebreaker::signaling_client
