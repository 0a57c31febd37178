// What a server used while the load did something.
#pragma once

#include <chrono>
#include <optional>

#include "tests/bench/turn_load/measure.hpp"
#include "tests/bench/turn_load/process_meter.hpp"

namespace icebreaker::bench {

class Window {
 public:
  // From now on. Without a process only time is measured.
  explicit Window(pid_t pid);

  // To be called at its end, once. The CPU time of each of `count` things done ("packet"), and how
  // many a second.
  void report(Figures& figures, const std::string& thing, double count) const;

 private:
  [[nodiscard]] std::chrono::nanoseconds cpu() const;

  pid_t pid_;
  std::optional<ProcessMeter> meter_;
  std::chrono::nanoseconds reference_;
  Clock::time_point started_;
  std::chrono::nanoseconds cpu_{};
};

}  // namespace icebreaker::bench
