// Time as a value: cores take a Now, only shells read clocks.
#pragma once

#include <chrono>

namespace icebreaker {

using MonoTime = std::chrono::steady_clock::time_point;  // deadlines, lifetimes
using WallTime = std::chrono::system_clock::time_point;  // credential expiry, logs

struct Now {
  MonoTime mono;
  WallTime wall;
};

}  // namespace icebreaker
