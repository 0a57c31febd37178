// Reconnect delays: exponential with full jitter, so that the clients of a lost server do not
// return in step.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "common/base/random.hpp"

namespace icebreaker::signaling_client {

// Uniform in [0, 1).
inline double fraction(RandomSource& random) {
  return static_cast<double>(random.u32()) / 4294967296.0;
}

// `attempt` is 0 for the first try after a loss; `random` is in [0, 1).
inline std::chrono::milliseconds backoff(std::uint32_t attempt, double random) {
  constexpr std::uint32_t kFirstCeilingMs = 500;
  constexpr std::uint32_t kLastCeilingMs = 15'000;
  constexpr std::uint32_t kMaxDoublings = 16;
  const std::uint32_t ceiling =
      std::min(kLastCeilingMs, kFirstCeilingMs << std::min(attempt, kMaxDoublings));
  return std::chrono::milliseconds{static_cast<std::int64_t>(ceiling * random)};
}

}  // namespace icebreaker::signaling_client
