// How long to wait before the next attempt: exponential with jitter, so that the instances of a
// Redis that comes back do not arrive all at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "common/base/random.hpp"

namespace icebreaker::signaling {

class BackOff {
 public:
  // The floor is what the delay grows from.
  std::chrono::milliseconds next(RandomSource& random, std::chrono::milliseconds floor) {
    const std::chrono::milliseconds full =
        std::clamp(floor * (1U << attempts_), floor, std::max(floor, kMax));
    if (attempts_ < kDoublings) ++attempts_;
    const auto half = full / 2;
    return half +
           std::chrono::milliseconds{random.below(static_cast<std::uint32_t>(half.count()) + 1)};
  }

  void reset() { attempts_ = 0; }

 private:
  static constexpr std::chrono::milliseconds kMax{5'000};
  static constexpr unsigned kDoublings = 10;

  unsigned attempts_ = 0;
};

}  // namespace icebreaker::signaling
