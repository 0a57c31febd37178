// The time for cores, which read no clock: whoever runs a loop asks once per event or batch.
#pragma once

#include <chrono>

#include "common/base/time.hpp"

namespace icebreaker::net {

inline Now read_clocks() {
  return {.mono = std::chrono::steady_clock::now(), .wall = std::chrono::system_clock::now()};
}

}  // namespace icebreaker::net
