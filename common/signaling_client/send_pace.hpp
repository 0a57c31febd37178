// Sends gently after the server refused a message for its rate: nothing for as long as the server
// asks, then small batches until nothing waits. The messages of a batch arrive together, so what is
// refused of it is its tail, and sending that again keeps the order.
#pragma once

#include <algorithm>
#include <chrono>

#include "common/base/random.hpp"
#include "common/base/time.hpp"
#include "common/signaling_client/backoff.hpp"
#include "common/signaling_client/session_state.hpp"
#include "common/signaling_client/timers.hpp"

namespace icebreaker::signaling_client {

class SendPace {
 public:
  SendPace(SessionState& session, Timers& timers, RandomSource& random)
      : session_{session}, timers_{timers}, random_{random} {}

  void on_refused(Now now, std::chrono::milliseconds retry_after) {
    session_.set_allowance(0);
    const auto pause = std::max(kShortestPause, retry_after);
    // A quarter of jitter: clients behind one address were refused together.
    const auto jitter = static_cast<double>(pause.count()) / 4 * fraction(random_);
    set_timer(now, pause + std::chrono::milliseconds{static_cast<std::int64_t>(jitter)});
  }

  // The caller flushes after this.
  void on_timer(Now now) {
    if (session_.waiting() == 0) return session_.set_allowance(SessionState::kUnlimited);
    session_.set_allowance(kBatchMessages);
    set_timer(now, kShortestPause);
  }

  void stop() {
    timers_.erase({{}, Timer::Pace});
    session_.set_allowance(SessionState::kUnlimited);
  }

 private:
  static constexpr std::chrono::milliseconds kShortestPause{500};
  static constexpr std::size_t kBatchMessages = 16;

  void set_timer(Now now, std::chrono::milliseconds after) {
    timers_.set({{}, Timer::Pace}, now.mono + after);
  }

  SessionState& session_;
  Timers& timers_;
  RandomSource& random_;
};

}  // namespace icebreaker::signaling_client
