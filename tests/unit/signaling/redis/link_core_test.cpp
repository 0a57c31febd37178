#include "signaling/state/redis/link_core.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/signaling/redis/fake_redis.hpp"

namespace icebreaker::testing {
namespace {

using Log = std::vector<std::string>;
using Level = RedisNotice::Level;

TEST(LinkCore, LogsInLoadsScriptsSubscribesAndIsUpAfterItsFirstWakeUp) {
  LinkStage stage{{.host = "cache", .user = "ice", .password = "s3cret", .database = 3}};
  stage.connect();

  EXPECT_EQ(stage.take(), (Words{"AUTH", "ice", "s3cret"}));
  stage.answer(Wire::Commands, text_reply("OK"));
  EXPECT_EQ(stage.take().at(1), "SETNAME");
  stage.answer(Wire::Commands, text_reply("OK"));
  EXPECT_EQ(stage.take(), (Words{"INFO"}));
  stage.answer(Wire::Commands, text_reply(stage.info));
  EXPECT_EQ(stage.take(), (Words{"SELECT", "3"}));
  stage.answer(Wire::Commands, text_reply("OK"));
  EXPECT_EQ(stage.sent(Wire::Commands).front().front(), "SCRIPT");
  EXPECT_EQ(stage.sent(Wire::Wake).front().front(), "AUTH");
  EXPECT_EQ(stage.take_log(), Log{});
  stage.serve();

  EXPECT_EQ(stage.take_log(), Log{"up"});
  EXPECT_TRUE(stage.incarnation().starts_with("here-"));
  EXPECT_EQ(stage.reason(), "ready");
  for (const RedisNotice& notice : stage.take_notices()) {
    EXPECT_EQ(notice.level, Level::Info) << notice.text;
    EXPECT_EQ(notice.text.find("s3cret"), std::string::npos);
  }
}

TEST(LinkCore, PassesWakeUpsOnAndKeepsItsOwnProbes) {
  LinkStage stage;
  stage.bring_up();
  stage.take_log();

  stage.publish("abc 1");
  stage.live(3s);

  EXPECT_EQ(stage.take_log(), Log{"message abc 1"});
}

TEST(LinkCore, CompletesCallsInTheirOrderAlsoWhenOneIsTriedAgain) {
  LinkStage stage;
  stage.bring_up();
  stage.take_log();
  stage.call("a");
  stage.call("b");

  stage.refuse("NOSCRIPT No matching script. Please use EVAL.");
  stage.take();
  stage.answer(Wire::Commands, RedisReply{});
  EXPECT_EQ(stage.take_log(), Log{});  // b waits for a
  EXPECT_EQ(stage.take().front(), "SCRIPT");
  stage.answer(Wire::Commands, text_reply("sha-probe"));
  EXPECT_EQ(stage.take().back(), "a");
  stage.answer(Wire::Commands, RedisReply{});

  EXPECT_EQ(stage.take_log(), (Log{"a done", "b done"}));
  EXPECT_EQ(stage.core().stats().pending_calls, 0U);
}

TEST(LinkCore, LoadsALostScriptOnceForAllCallsThatMissIt) {
  LinkStage stage;
  stage.bring_up();
  stage.call("a");
  stage.call("b");

  stage.refuse("NOSCRIPT");
  stage.refuse("NOSCRIPT");

  ASSERT_EQ(stage.sent(Wire::Commands).size(), 3U);
  EXPECT_EQ(stage.take().front(), "SCRIPT");
  EXPECT_EQ(stage.take().back(), "a");
  EXPECT_EQ(stage.take().back(), "b");
}

TEST(LinkCore, GivesUpOnACallWhoseScriptIsMissingTwice) {
  LinkStage stage;
  stage.bring_up();
  stage.take_log();
  stage.call("a");

  stage.refuse("NOSCRIPT");
  stage.take();
  stage.answer(Wire::Commands, text_reply("sha-probe"));
  stage.refuse("NOSCRIPT");

  EXPECT_EQ(stage.take_log(), Log{"a unavailable"});
}

TEST(LinkCore, CompletesWhatIsPendingBeforeItSaysThatItIsDown) {
  LinkStage stage;
  stage.bring_up();
  stage.take_log();
  stage.call("a");
  stage.call("b");

  stage.core().on_ended(stage.now(), Wire::Wake, RedisWireHandler::End::Ended, "");

  EXPECT_EQ(stage.take_log(), (Log{"a unavailable", "b unavailable", "down"}));
  EXPECT_FALSE(stage.wires().at(Wire::Commands).open);
  EXPECT_NE(stage.reason().find("ended the connection"), std::string::npos);
}

TEST(LinkCore, NeverCompletesACallFromInsideOfIt) {
  LinkStage stage;
  stage.connect();

  stage.call("a");

  EXPECT_EQ(stage.take_log(), Log{});
  EXPECT_LE(stage.core().next_deadline(), stage.now().mono);
  stage.advance(0ms);
  EXPECT_EQ(stage.take_log(), Log{"a unavailable"});
}

TEST(LinkCore, TakesAnotherIncarnationAfterEachReconnect) {
  LinkStage stage;
  stage.bring_up();
  const std::string first = stage.incarnation();

  stage.core().on_ended(stage.now(), Wire::Commands, RedisWireHandler::End::Ended, "");
  stage.advance(10s);
  stage.accept();
  stage.serve();

  EXPECT_EQ(stage.take_log(), (Log{"up", "down", "up"}));
  EXPECT_NE(stage.incarnation(), first);
  EXPECT_EQ(stage.core().stats().connects, 2U);
}

TEST(LinkCore, DropsAConnectionThatLeavesCommandsWithoutAnswerFor3Seconds) {
  LinkStage stage;
  stage.bring_up();
  stage.live(10s);
  stage.call("a");
  stage.take_log();

  for (int i = 0; i < 5; ++i) stage.advance(500ms);
  EXPECT_EQ(stage.take_log(), Log{});
  stage.advance(500ms);

  EXPECT_EQ(stage.take_log(), (Log{"a unavailable", "down"}));
  EXPECT_NE(stage.reason().find("does not answer"), std::string::npos) << stage.reason();
}

TEST(LinkCore, DropsAConnectionWhoseWakeChannelIsSilentFor3Seconds) {
  LinkStage stage;
  stage.bring_up();
  stage.take_log();

  for (int i = 0; i < 8 && stage.take_log().empty(); ++i) {
    stage.advance(500ms);
    while (!stage.sent(Wire::Commands).empty()) {
      stage.take();
      stage.answer(Wire::Commands, RedisReply{});
    }
  }

  EXPECT_FALSE(stage.core().is_up());
  EXPECT_NE(stage.reason().find("pub/sub"), std::string::npos) << stage.reason();
}

TEST(LinkCore, IsDownAfter3SecondsWithoutASuccessfulWrite) {
  LinkStage stage;
  stage.bring_up();
  stage.take_notices();

  for (int i = 0; i < 8 && stage.core().is_up(); ++i) {
    stage.advance(500ms);
    while (stage.core().is_up() && !stage.sent(Wire::Commands).empty()) {
      stage.refuse("OOM command not allowed when used memory > 'maxmemory'.");
    }
  }

  EXPECT_FALSE(stage.core().is_up());
  EXPECT_NE(stage.reason().find("maxmemory"), std::string::npos) << stage.reason();
  EXPECT_EQ(stage.take_notices().size(), 1U);  // not one a second
}

TEST(LinkCore, ForgivesSilenceDuringAPauseOfItsOwnProcess) {
  LinkStage stage;
  stage.bring_up();
  stage.advance(1s);  // a probe is out

  stage.advance(60s);
  EXPECT_TRUE(stage.core().is_up());
  stage.serve();
  stage.live(5s);
  EXPECT_TRUE(stage.core().is_up());

  stage.advance(60s);
  stage.advance(500ms);
  stage.advance(500ms);
  EXPECT_FALSE(stage.core().is_up());
}

TEST(LinkCore, GivesUpAnAttemptAfter5Seconds) {
  LinkStage stage;
  stage.connect();

  stage.advance(5s);

  EXPECT_NE(stage.reason().find("does not answer"), std::string::npos) << stage.reason();
  EXPECT_FALSE(stage.wires().at(Wire::Wake).open);
}

TEST(LinkCore, BacksOffExponentiallyWithJitterUpTo5Seconds) {
  LinkStage stage;
  stage.core().start(stage.now());
  std::chrono::milliseconds longest{0};
  std::chrono::milliseconds previous{0};

  for (int i = 0; i < 20; ++i) {
    stage.core().on_ended(stage.now(), Wire::Commands, RedisWireHandler::End::NotOpened, "refused");
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(*stage.core().next_deadline() -
                                                                    stage.now().mono);
    EXPECT_GE(delay, i == 0 ? 50ms : 100ms);
    EXPECT_LE(delay, 5s);
    EXPECT_LE(delay, std::max(previous * 4, 100ms));
    longest = std::max(longest, delay);
    previous = delay;
    stage.advance(delay);
  }

  EXPECT_GT(longest, 2'500ms);
  EXPECT_EQ(stage.core().stats().failed_attempts, 20U);
  EXPECT_LT(stage.take_notices().size(), 10U);  // of 20 equal ones
}

TEST(LinkCore, ReconnectsWhenRedisBecomesAReplica) {
  LinkStage stage;
  stage.bring_up();
  stage.take_log();
  stage.call("a");

  stage.refuse("READONLY You can't write against a read only replica.");

  EXPECT_EQ(stage.take_log(), (Log{"a unavailable", "down"}));
  EXPECT_NE(stage.reason().find("primary"), std::string::npos);
}

TEST(LinkCore, StaysUpWhenOneScriptFailsAndNamesIt) {
  LinkStage stage;
  stage.bring_up();
  stage.take_log();
  stage.take_notices();
  stage.call("a");

  stage.refuse("ERR user_script:12: attempt to index local 'a' (a nil value) script: ab");

  EXPECT_EQ(stage.take_log(), Log{"a unavailable"});
  EXPECT_TRUE(stage.core().is_up());
  const auto notices = stage.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].level, Level::Error);
  EXPECT_NE(notices[0].text.find("probe: ERR user_script:12"), std::string::npos);
}

TEST(LinkCore, RefusesCallsBeyondItsBoundInTheirTurn) {
  LinkStage stage;
  stage.bring_up();
  stage.take_log();
  const std::string large(1U << 20U, 'x');

  for (int i = 0; i < 64; ++i) {
    stage.core().call(stage.now(), Script::Probe, {large}, [](auto, const auto&) {});
  }
  stage.call("late");

  EXPECT_EQ(stage.core().stats().pending_calls, 64U);
  EXPECT_EQ(stage.take_log(), Log{});
  while (!stage.sent(Wire::Commands).empty()) {
    stage.take();
    stage.answer(Wire::Commands, RedisReply{});
  }
  EXPECT_EQ(stage.take_log(), Log{"late unavailable"});
  EXPECT_EQ(stage.core().stats().errors.at(static_cast<std::size_t>(Trouble::Overload)), 1U);
}

TEST(LinkCore, MeasuresTheTimeFromCallToAnswer) {
  LinkStage stage;
  stage.bring_up();
  const auto before = stage.core().stats().calls.at(static_cast<std::size_t>(Script::Probe)).sum();
  stage.call("a");

  stage.advance(250ms);
  stage.serve();

  const auto after = stage.core().stats().calls.at(static_cast<std::size_t>(Script::Probe)).sum();
  EXPECT_NEAR(after - before, 0.25, 0.001);
}

struct Refusal {
  std::string info;
  std::string words;
};

class ServerRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(ServerRefusal, IsSaidInWordsAndTriedAgain) {
  LinkStage stage;
  stage.info = GetParam().info;
  stage.bring_up();

  EXPECT_EQ(stage.take_log(), Log{});
  EXPECT_NE(stage.reason().find(GetParam().words), std::string::npos) << stage.reason();
  ASSERT_EQ(stage.take_notices().size(), 1U);
  stage.advance(10s);
  EXPECT_TRUE(stage.wires().at(Wire::Commands).open);
}

INSTANTIATE_TEST_SUITE_P(
    Info, ServerRefusal,
    ::testing::Values(Refusal{"redis_version:6.0.16\r\n", "6.2 or newer"},
                      Refusal{"nothing:1\r\n", "6.2 or newer"},
                      Refusal{"redis_version:7.2.4\r\ncluster_enabled:1\r\n", "cluster mode"},
                      Refusal{"redis_version:7.2.4\r\nloading:1\r\n", "loading"},
                      Refusal{"redis_version:7.2.4\r\nrole:slave\r\n", "replica"}));

TEST(LinkCore, TakesRedis62AndTheVersionThatValkeyTells) {
  for (const std::string_view version : {"6.2.0", "7.2.4", "10.0.1"}) {
    LinkStage stage;
    stage.info = "redis_version:" + std::string{version} + "\r\nrole:master\r\n";
    stage.bring_up();
    EXPECT_EQ(stage.take_log(), Log{"up"}) << version;
  }
}

TEST(LinkCore, WarnsOnceOfAServerThatEvictsKeys) {
  LinkStage stage;
  stage.info = "redis_version:7.0.15\r\nmaxmemory:1000000\r\nmaxmemory_policy:volatile-ttl\r\n";
  stage.bring_up();
  const auto is_warning = [](const RedisNotice& notice) {
    return notice.level == Level::Warn && notice.text.find("noeviction") != std::string::npos;
  };
  EXPECT_EQ(std::ranges::count_if(stage.take_notices(), is_warning), 1);

  stage.core().on_ended(stage.now(), Wire::Commands, RedisWireHandler::End::Ended, "");
  stage.advance(10s);
  stage.accept();
  stage.serve();
  EXPECT_EQ(std::ranges::count_if(stage.take_notices(), is_warning), 0);
}

TEST(LinkCore, SaysTheLineOfAScriptThatDoesNotCompile) {
  LinkStage stage;
  stage.connect();
  while (stage.sent(Wire::Commands).front().front() != "SCRIPT") {
    const Words words = stage.take();
    stage.answer(Wire::Commands, text_reply(words.front() == "INFO" ? stage.info : "OK"));
  }

  stage.refuse("ERR Error compiling script (new function): user_script:3: '=' expected");

  EXPECT_NE(stage.reason().find(".lua: ERR Error compiling"), std::string::npos);
}

TEST(LinkCore, TakesRedissLastWordsBeforeItIsAskedAnything) {
  LinkStage stage;
  stage.connect();
  stage.refuse("ERR max number of clients reached");
  EXPECT_NE(stage.reason().find("maxclients"), std::string::npos);
}

}  // namespace
}  // namespace icebreaker::testing
