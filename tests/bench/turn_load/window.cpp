#include "tests/bench/turn_load/window.hpp"

#include "tests/bench/turn_load/reference.hpp"

namespace icebreaker::bench {
namespace {

double seconds_of(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>{time}.count();
}

}  // namespace

Window::Window(pid_t pid) : pid_{pid}, reference_{reference_time(pid)} {
  if (pid != 0) meter_.emplace(pid);
  started_ = Clock::now();
  cpu_ = cpu();
}

void Window::report(Figures& figures, const std::string& thing, double count) const {
  const auto used = cpu() - cpu_;
  const double seconds = seconds_of(Clock::now() - started_);
  figures["seconds"] = seconds;
  figures["reference_ns_before"] = static_cast<double>(reference_.count());
  figures["reference_ns_after"] = static_cast<double>(reference_time(pid_).count());
  figures["count"] = count;
  figures["per_second"] = count / seconds;
  if (!meter_ || count == 0) return;
  figures["cpu_ns_per_" + thing] = static_cast<double>(used.count()) / count;
  figures["cpu_share"] = seconds_of(used) / seconds;
}

std::chrono::nanoseconds Window::cpu() const {
  return meter_ ? meter_->cpu() : std::chrono::nanoseconds{0};
}

}  // namespace icebreaker::bench
