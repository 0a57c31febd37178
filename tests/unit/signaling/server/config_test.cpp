#include <gtest/gtest.h>

#include "tests/unit/signaling/server/config_reading.hpp"

namespace icebreaker::signaling::testing {
namespace {

using namespace std::chrono_literals;

TEST(SignalConfig, ReadsItsOwnDefault) {
  const SignalConfig config = read(default_signal_config());

  EXPECT_EQ(config.listen.to_string(), "0.0.0.0:8080");
  EXPECT_EQ(config.hub.hold, 20s);
  EXPECT_EQ(config.hub.ping, 25s);
  EXPECT_EQ(config.hub.default_capacity, 2U);
  EXPECT_EQ(config.drain, DrainConfig{});
  EXPECT_LT(config.drain.within, 10s) << "platforms kill 10 s after SIGTERM";
  EXPECT_EQ(config.metrics.value().to_string(), "127.0.0.1:9640");
  EXPECT_EQ(config.ice.stun, std::vector<std::string>{"stun:{host}:3478"});
  EXPECT_TRUE(config.ice.turn.empty());
  EXPECT_EQ(config.warnings.size(), 1U);
}

TEST(SignalConfig, ReadsAnEmptyFileAsTheSameDefaults) {
  const SignalConfig config = read("");

  EXPECT_EQ(config.listen.to_string(), "0.0.0.0:8080");
  EXPECT_FALSE(config.metrics.has_value());
  EXPECT_TRUE(config.warnings.empty());
}

TEST(SignalConfig, TakesPortAndSecretFromTheEnvironment) {
  const SignalConfig config =
      read(default_signal_config(), {.port = "9000", .turn_secret = "first,second"});

  EXPECT_EQ(config.listen.to_string(), "0.0.0.0:9000");
  ASSERT_EQ(config.ice.turn.size(), 1U);
  EXPECT_EQ(config.ice.turn[0].secret, "first");
  EXPECT_TRUE(config.warnings.empty());
}

constexpr std::string_view kShared = "[session]\ntoken_secrets = [\"one\"]\n";

TEST(SignalConfig, KeepsItsStateInMemoryUnlessARedisIsNamed) {
  EXPECT_FALSE(read("").redis);
  EXPECT_FALSE(read("state = \"memory\"\n").redis);

  const SignalConfig config =
      read("state = \"redis://:s3cret@[::1]:7000/2\"\n" + std::string{kShared});

  EXPECT_EQ(config.redis,
            (RedisUrl{.host = "::1", .port = 7000, .password = "s3cret", .database = 2}));
}

TEST(SignalConfig, TakesRedisAndTokenSecretsFromTheEnvironment) {
  const SignalConfig config =
      read(default_signal_config(), {.redis_url = "redis://cache", .token_secrets = "one,,two"});

  EXPECT_EQ(config.redis, (RedisUrl{.host = "cache"}));
  EXPECT_EQ(config.hub.token_secrets, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(read(kShared, {.token_secrets = "two"}).hub.token_secrets,
            std::vector<std::string>{"one"});
}

TEST(SignalConfig, NeedsARestartForAnotherState) {
  const SignalConfig running = read("state = \"redis://a\"\n" + std::string{kShared});
  const SignalConfig fresh = read("state = \"redis://b\"\n" + std::string{kShared});

  EXPECT_EQ(settings_that_need_a_restart(running, fresh), std::vector<std::string_view>{"state"});
}

TEST(SignalConfig, RefusesASharedStateWithoutSharedTokenSecrets) {
  const std::string refusal = refusal_of("\nstate = \"redis://cache\"\n");

  EXPECT_TRUE(refusal.starts_with("signal.toml:2: state: ")) << refusal;
  EXPECT_NE(refusal.find("openssl rand -base64 32"), std::string::npos);
}

TEST(SignalConfig, NeverRepeatsARedisPasswordInARefusal) {
  for (const std::string_view text :
       {"state = \"redis://:s3cret@\"\n", "state = \"rediss://:s3cret@cache\"\n",
        "state = \"redis://:s3cret@cache\"\n"}) {
    const std::string refusal = refusal_of(text);
    EXPECT_TRUE(refusal.starts_with("signal.toml:1: state: ")) << refusal;
    EXPECT_EQ(refusal.find("s3cret"), std::string::npos) << refusal;
  }
  const std::string refusal = refusal_of("", {.redis_url = "redis://:s3cret@"});
  EXPECT_NE(refusal.find("ICEBREAKER_REDIS_URL"), std::string::npos) << refusal;
  EXPECT_EQ(refusal.find("s3cret"), std::string::npos) << refusal;
}

TEST(SignalConfig, PrefersTheFilesSecret) {
  const SignalConfig config = read("[[ice.turn]]\nurls = [\"turn:t\"]\nsecret = \"own\"\n",
                                   {.port = {}, .turn_secret = "other"});

  EXPECT_EQ(config.ice.turn.at(0).secret, "own");
}

TEST(SignalConfig, RefusesAPortThatIsNone) {
  for (const std::string port : {"http", "80x", "70000", "-1"}) {
    EXPECT_NE(refusal_of("", {.port = port, .turn_secret = {}}).find("PORT"), std::string::npos)
        << port;
  }
}

TEST(SignalConfig, SaysInWordsWhatThisVersionLacks) {
  EXPECT_NE(refusal_of("state = \"disk\"").find("memory"), std::string::npos);
}

TEST(SignalConfig, GivesHubAndStateTheSameLimits) {
  const SignalConfig config = read(
      "[session]\naway_after_ms = 5\nresume_window_ms = 7000\n"
      "[limits]\nmailbox_messages = 9\nroom_capacity = 9\nmessage_bytes = 4096\nmailbox_bytes = "
      "4096\n");

  EXPECT_EQ(config.state.away_after, config.hub.away_after);
  EXPECT_EQ(config.state.resume_window, 7s);
  EXPECT_EQ(config.state.mailbox_messages, 9U);
  EXPECT_EQ(config.hub.limits.mailbox_bytes, config.state.mailbox_bytes);
}

TEST(SignalConfig, RefusesMailboxesThatNoScriptCouldFillOrThatAFullRoomOverfills) {
  EXPECT_NE(refusal_of("[limits]\nmailbox_messages = 2049").find("2048"), std::string::npos);
  EXPECT_EQ(refusal_of("[limits]\nroom_capacity = 300"),
            "signal.toml:2: limits.room_capacity: is above mailbox_messages: what is told of the "
            "members of a full room could end the session of one who reads slowly");
}

TEST(SignalConfig, RefusesMessagesThatNothingCouldCarry) {
  EXPECT_EQ(
      refusal_of("[limits]\nmessage_bytes = 300000\nmailbox_bytes = 300000"),
      "signal.toml:2: limits.message_bytes: 300000 is above body_bytes, 262144: no POST could "
      "carry such a message");
  EXPECT_EQ(refusal_of("[limits]\nmailbox_bytes = 4096"),
            "signal.toml:1: limits.message_bytes: 65536 is above mailbox_bytes, 4096: no mailbox "
            "could take such a message");
}

TEST(SignalConfig, TellsWhatAReloadCannotChange) {
  const SignalConfig running = read("[limits]\nopens_per_minute = 1\n");

  EXPECT_TRUE(settings_that_need_a_restart(running, read("[rooms]\ncapacity = 4\n")).empty());
  EXPECT_EQ(settings_that_need_a_restart(
                running, read("listen = \"127.0.0.1:1\"\n[session]\nhold_ms = 500\n")),
            (std::vector<std::string_view>{"listen", "session"}));
}

TEST(SignalConfig, DerivesTheNumberOfConnectionsFromTheOpenFilesAllowed) {
  SignalConfig config = read("");
  apply_descriptor_limit(config, 1024);
  EXPECT_EQ(config.connections, 960U);
  EXPECT_EQ(config.state.sessions, 3840U);
  EXPECT_TRUE(config.warnings.empty());

  config = read("[limits]\nconnections = 100\nsessions = 5\n");
  apply_descriptor_limit(config, 1024);
  EXPECT_EQ(config.connections, 100U);
  EXPECT_EQ(config.state.sessions, 5U);

  config = read("[limits]\nconnections = 5000\n");
  apply_descriptor_limit(config, 1024);
  EXPECT_EQ(config.connections, 960U);
  ASSERT_EQ(config.warnings.size(), 1U);
  EXPECT_NE(config.warnings[0].find("limits.connections is 960"), std::string::npos);

  config = read("");
  apply_descriptor_limit(config, 20);
  EXPECT_EQ(config.connections, 15U);
}

TEST(SignalConfig, LingersNoLongerThanItDrains) {
  const SignalConfig config = read("[drain]\nseconds = 25\nlinger_seconds = 5\n");
  EXPECT_EQ(config.drain, (DrainConfig{.within = 25s, .linger = 5s}));

  EXPECT_NE(refusal_of("[drain]\nseconds = 3\nlinger_seconds = 4\n").find("signal.toml:3"),
            std::string::npos);
}

TEST(SignalConfig, WantsBothHalvesOfACertificate) {
  EXPECT_NE(refusal_of("[tls]\ncertificate_file = \"a.pem\"").find("key_file"), std::string::npos);
}

TEST(SignalConfig, RefusesASecretBesideAFixedUser) {
  EXPECT_NE(refusal_of("[[ice.turn]]\nurls = [\"turn:t\"]\nsecret = \"s\"\nusername = \"u\"")
                .find("not both"),
            std::string::npos);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
