#include "tests/unit/signaling/state/redis_engine.hpp"

namespace icebreaker::signaling::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Redis, StateContract, ::testing::Values([](const StateConfig& config) {
                           if (!RedisProcess::is_installed())
                             return std::unique_ptr<EngineUnderTest>{};
                           return std::unique_ptr<EngineUnderTest>{
                               std::make_unique<RedisEngine>(config)};
                         }),
                         [](const auto& /*info*/) { return "Engine"; });

}  // namespace
}  // namespace icebreaker::signaling::testing
