// MemoryState with a clock that moves only by advance().
#pragma once

#include <algorithm>

#include "signaling/state/memory_state.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/unit/signaling/state/state_contract.hpp"

namespace icebreaker::signaling::testing {

class MemoryEngine final : public EngineUnderTest {
 public:
  explicit MemoryEngine(const StateConfig& config) : state_{config, random_} {}

  State& state() override { return state_; }

  Now now() override { return now_; }

  void advance(std::chrono::milliseconds by) override {
    const MonoTime end = now_.mono + by;
    for (auto due = state_.next_deadline(); due && *due <= end; due = state_.next_deadline()) {
      now_.mono = std::max(now_.mono, *due);
      state_.on_deadline(now_);
    }
    now_.mono = end;
  }

  void settle() override {}

  bool is_empty() override { return state_.sizes() == MemoryState::Sizes{}; }

 private:
  icebreaker::testing::SeededRandom random_;
  MemoryState state_;
  Now now_{MonoTime{1h}, WallTime{1h}};
};

}  // namespace icebreaker::signaling::testing
