// The engine on replies that no script of ours gives: a link of the test's own.
#include <gtest/gtest.h>

#include "signaling/state/redis/redis_state.hpp"
#include "tests/support/seeded_random.hpp"

namespace icebreaker::signaling::testing {
namespace {

using icebreaker::testing::SeededRandom;

constexpr Now kNow{MonoTime{std::chrono::hours{1}}, WallTime{std::chrono::hours{24 * 365 * 50}}};

class ScriptedLink final : public RedisLink {
 public:
  struct Call {
    Script script = Script::Open;
    std::vector<std::string> arguments;
    Done done;
  };

  void set_listener(RedisLinkListener& listener) override { listener.on_up(kNow, "one"); }

  void call(Script script, std::vector<std::string> arguments, Done done) override {
    calls.push_back({script, std::move(arguments), std::move(done)});
  }

  [[nodiscard]] bool is_up() const override { return true; }

  [[nodiscard]] std::optional<std::string> unready_reason(Now /*now*/) const override {
    return std::nullopt;
  }

  std::vector<Call> calls;
};

class RedisReplies : public ::testing::Test {
 protected:
  // Attaches, answers, and gives what the hub hears.
  std::expected<Attached, StateError> attach(RedisReply reply) {
    link_.calls.clear();
    std::expected<Attached, StateError> heard = std::unexpected(StateError::Superseded);
    state_.attach(kNow, {{{"session"}, 1, std::nullopt}, ReceiveMode::Stream},
                  [&](Now, std::expected<Attached, StateError> attached) { heard = attached; });
    auto done = std::move(link_.calls.at(0).done);
    constexpr std::int64_t kMark = 1;  // all replies begin with the mark of the lineage
    done(kNow, RedisReply{RedisReply::Array{{kMark}, std::move(reply)}});
    return heard;
  }

  SeededRandom random_{1};
  ScriptedLink link_;
  RedisState state_{{}, random_, link_};
};

TEST_F(RedisReplies, DetachWhatWasAttachedButCannotBeRead) {
  const auto attached = attach({RedisReply::Array{{std::int64_t{7}}, {"no age"}}});

  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error(), StateError::Unavailable);
  ASSERT_EQ(link_.calls.size(), 2U);
  EXPECT_EQ(link_.calls[1].script, Script::Detach);
  EXPECT_EQ(link_.calls[1].arguments.at(1), "session");
  EXPECT_EQ(link_.calls[1].arguments.at(2), "7");
}

TEST_F(RedisReplies, DetachNothingWhenNothingWasAttached) {
  for (const RedisReply& reply :
       {RedisReply{}, RedisReply{"L"}, RedisReply{std::int64_t{7}}, RedisReply{RedisReply::Array{}},
        RedisReply{RedisReply::Array{{"7"}}}}) {
    EXPECT_FALSE(attach(reply));
    EXPECT_EQ(link_.calls.size(), 1U);
  }
}

}  // namespace
}  // namespace icebreaker::signaling::testing
