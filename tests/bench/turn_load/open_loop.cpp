#include "tests/bench/turn_load/open_loop.hpp"

#include <algorithm>

namespace icebreaker::bench {
namespace {

constexpr std::chrono::milliseconds kMaxBehind{2};
constexpr std::uint64_t kMaxAtOnce = 32;  // between two looks at what has arrived
constexpr std::chrono::milliseconds kQuiet{50};
constexpr std::chrono::seconds kMaxDrain{2};

}  // namespace

void OpenLoop::run(const Pace& pace, Clock::duration duration) {
  const auto apart = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>{static_cast<double>(pace.burst) / pace.per_second});
  const Clock::time_point end = Clock::now() + duration;
  Clock::time_point due = Clock::now();
  for (Clock::time_point now = due; now < end; now = Clock::now()) {
    due = std::max(due, now - kMaxBehind);
    for (std::uint64_t i = 0; i < kMaxAtOnce && due <= now; ++i, due += apart) {
      const auto flow = static_cast<std::uint32_t>(bursts_ / 2 % crowd_.flows());
      crowd_.send(flow, bursts_ % 2 == 0 ? Direction::ToPeer : Direction::ToClient, pace.burst,
                  pace.sending);
      ++bursts_;
    }
    crowd_.flush();
    crowd_.receive();
  }
}

void OpenLoop::drain() {
  const Clock::time_point end = Clock::now() + kMaxDrain;
  Clock::time_point last = Clock::now();
  for (Clock::time_point now = last; now < end && now - last < kQuiet; now = Clock::now()) {
    if (crowd_.receive() > 0) last = now;
  }
}

}  // namespace icebreaker::bench
