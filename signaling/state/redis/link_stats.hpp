// Numbers of the link for the metrics.
#pragma once

#include <array>
#include <cstdint>

#include "common/base/histogram.hpp"
#include "signaling/state/redis/scripts.hpp"
#include "signaling/state/redis/trouble.hpp"

namespace icebreaker::signaling {

struct RedisLinkStats {
  bool up = false;
  std::uint64_t connects = 0;         // times it came up
  std::uint64_t failed_attempts = 0;  // connections that did not come up
  std::uint64_t pending_calls = 0;
  std::array<std::uint64_t, kTroubleCount> errors{};    // by Trouble: calls and connections
  std::array<DurationHistogram, kScriptCount> calls{};  // by Script: from call to answer
};

}  // namespace icebreaker::signaling
