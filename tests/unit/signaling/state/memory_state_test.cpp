#include "signaling/state/memory_state.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/unit/signaling/state/state_contract.hpp"

namespace icebreaker::signaling::testing {
namespace {

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

INSTANTIATE_TEST_SUITE_P(Memory, StateContract, ::testing::Values([](const StateConfig& config) {
                           return std::unique_ptr<EngineUnderTest>{
                               std::make_unique<MemoryEngine>(config)};
                         }),
                         [](const auto& /*info*/) { return "Engine"; });

TEST(MemoryState, OpensNoMoreSessionsThanConfigured) {
  MemoryEngine engine{{.sessions = 1}};
  std::optional<SessionInfo> first;
  std::optional<StateError> refused;
  const auto open = [&](OpenRequest request) {
    engine.state().open(engine.now(), std::move(request), [&](Now, auto opened) {
      if (opened) {
        first = *std::move(opened);
      } else {
        refused = opened.error();
      }
    });
  };
  open({});
  ASSERT_TRUE(first);
  EXPECT_FALSE(refused);

  open({});
  EXPECT_EQ(refused, StateError::Unavailable);

  // One that takes the place of another is none more.
  refused.reset();
  OpenRequest again;
  again.recreate = first->standing;
  open(again);
  EXPECT_FALSE(refused);

  engine.advance(2min);
  open({});
  EXPECT_FALSE(refused);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
