#include "tests/unit/signaling/state/memory_engine.hpp"

namespace icebreaker::signaling::testing {
namespace {

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
