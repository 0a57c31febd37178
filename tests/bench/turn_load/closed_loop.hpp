// Traffic that goes as fast as the server: each flow's client sends a burst, the peer answers with
// one as soon as it is complete, and so on. A burst of one is a datagram in flight per allocation.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "tests/bench/turn_load/crowd.hpp"

namespace icebreaker::bench {

struct ClosedLoopOptions {
  std::size_t burst = 1;
  Sending sending = Sending::Single;
  std::size_t in_flight = 1024;  // datagrams; bounds what servers must be able to buffer
};

class ClosedLoop {
 public:
  ClosedLoop(Crowd& crowd, ClosedLoopOptions options);

  void run_until(Clock::time_point end);
  // Starts nothing more and takes in what is on its way.
  void drain();

  // Bursts that did not come through in time; each ends a flow's turn.
  [[nodiscard]] std::uint64_t gave_up() const { return gave_up_; }

 private:
  struct Turn {
    std::uint64_t number = 0;  // of its bursts so far
    Direction direction{};
    std::size_t missing = 0;  // of the burst on its way
  };

  struct Deadline {
    Clock::time_point at;
    std::uint32_t flow = 0;
    std::uint64_t number = 0;
  };

  enum class Mode : std::uint8_t { Running, Draining };

  void launch_waiting();
  void launch(std::uint32_t flow, Direction direction);
  void on_arrival(std::uint32_t flow, Direction direction);
  void give_up_late_ones();

  Crowd& crowd_;
  ClosedLoopOptions options_;
  std::vector<Turn> turns_;
  std::deque<std::uint32_t> waiting_;  // flows without a burst on its way
  std::deque<Deadline> deadlines_;     // in order of time
  std::size_t active_ = 0;             // flows with one
  Clock::time_point now_;
  Mode mode_ = Mode::Running;
  std::uint64_t gave_up_ = 0;
};

}  // namespace icebreaker::bench
