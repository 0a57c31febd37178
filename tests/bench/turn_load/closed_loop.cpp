#include "tests/bench/turn_load/closed_loop.hpp"

#include <algorithm>
#include <numeric>

namespace icebreaker::bench {
namespace {

// Far above what the slowest server needs for a full window.
constexpr std::chrono::milliseconds kPatience{250};

}  // namespace

ClosedLoop::ClosedLoop(Crowd& crowd, ClosedLoopOptions options)
    : crowd_{crowd}, options_{options}, turns_(crowd.flows()), waiting_(crowd.flows()) {
  std::iota(waiting_.begin(), waiting_.end(), 0U);
}

void ClosedLoop::run_until(Clock::time_point end) {
  while ((now_ = Clock::now()) < end) {
    launch_waiting();
    crowd_.flush();
    crowd_.receive(
        [this](std::uint32_t flow, Direction direction) { on_arrival(flow, direction); });
    crowd_.flush();
    give_up_late_ones();
  }
}

void ClosedLoop::drain() {
  mode_ = Mode::Draining;
  while (active_ > 0) {
    now_ = Clock::now();
    crowd_.receive(
        [this](std::uint32_t flow, Direction direction) { on_arrival(flow, direction); });
    give_up_late_ones();
  }
}

void ClosedLoop::launch_waiting() {
  const std::size_t most = std::max<std::size_t>(options_.in_flight / options_.burst, 1);
  while (!waiting_.empty() && active_ < most) {
    const std::uint32_t flow = waiting_.front();
    waiting_.pop_front();
    ++active_;
    launch(flow, Direction::ToPeer);
  }
}

void ClosedLoop::launch(std::uint32_t flow, Direction direction) {
  Turn& turn = turns_[flow];
  turn.direction = direction;
  turn.missing = options_.burst;
  ++turn.number;
  deadlines_.push_back({now_ + kPatience, flow, turn.number});
  crowd_.send(flow, direction, options_.burst, options_.sending);
}

void ClosedLoop::on_arrival(std::uint32_t flow, Direction direction) {
  Turn& turn = turns_[flow];
  // What comes after its burst was given up is delivered, but starts nothing.
  if (turn.missing == 0 || turn.direction != direction) return;
  if (--turn.missing > 0) return;
  if (direction == Direction::ToPeer && mode_ == Mode::Running) {
    launch(flow, Direction::ToClient);
    return;
  }
  --active_;
  waiting_.push_back(flow);
}

void ClosedLoop::give_up_late_ones() {
  while (!deadlines_.empty()) {
    const Deadline& first = deadlines_.front();
    Turn& turn = turns_[first.flow];
    const bool over = turn.number != first.number || turn.missing == 0;
    if (!over && first.at > now_) return;
    if (!over) {
      turn.missing = 0;
      --active_;
      waiting_.push_back(first.flow);
      ++gave_up_;
    }
    deadlines_.pop_front();
  }
}

}  // namespace icebreaker::bench
