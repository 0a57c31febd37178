// Traffic at a given rate, whatever the server does with it: datagrams, or bursts of them, at equal
// distances, flow after flow, the directions in turn.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/bench/turn_load/crowd.hpp"

namespace icebreaker::bench {

struct Pace {
  double per_second = 10'000;  // datagrams, both directions together
  std::size_t burst = 1;
  Sending sending = Sending::Single;
};

class OpenLoop {
 public:
  explicit OpenLoop(Crowd& crowd) : crowd_{crowd} {}

  // A generator that was kept off its core leaves out what it missed, because to make up for it
  // would be a burst that nobody asked for.
  void run(const Pace& pace, Clock::duration duration);
  // Until nothing more arrives.
  void drain();

 private:
  Crowd& crowd_;
  std::uint64_t bursts_ = 0;
};

}  // namespace icebreaker::bench
