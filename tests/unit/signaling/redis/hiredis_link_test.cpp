#include "signaling/state/redis/hiredis_link.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/redis_process.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/test_loop.hpp"

namespace icebreaker::testing {
namespace {

using namespace signaling;
using namespace std::chrono_literals;

class HiredisLinkTest : public ::testing::Test, public RedisLinkListener {
 protected:
  HiredisLinkTest() { std::signal(SIGPIPE, SIG_IGN); }  // as service::Lifecycle does

  void on_up(Now /*now*/, std::string_view incarnation) override {
    ++ups_;
    incarnation_ = incarnation;
  }

  void on_down(Now /*now*/) override { ++downs_; }

  void on_message(Now /*now*/, std::string_view payload) override {
    messages_.emplace_back(payload);
  }

  void make_link(const std::string& socket_path) {
    link_.emplace(
        RedisLinkConfig{.url = {.socket_path = socket_path}},
        HiredisLink::Parts{
            .loop = loop_.get(),
            .random = random_,
            .clock =
                [] {
                  return Now{.mono = std::chrono::steady_clock::now(),
                             .wall = std::chrono::system_clock::now()};
                },
            .notify = [this](const RedisNotice& notice) { notices_.push_back(notice.text); }});
    link_->set_listener(*this);
    link_->start();
  }

  void call(const std::string& payload) {
    link_->call(Script::Probe, {incarnation_, payload},
                [this, payload](Now, const std::expected<RedisReply, StateError>& reply) {
                  done_.push_back(payload);
                  if (!reply) ++unavailable_;
                });
  }

  bool is_up() { return ups_ > 0; }

  SeededRandom random_;
  TestLoop loop_;
  std::optional<HiredisLink> link_;
  std::vector<std::string> notices_;
  std::vector<std::string> messages_;
  std::vector<std::string> done_;
  std::string incarnation_;
  int ups_ = 0;
  int downs_ = 0;
  int unavailable_ = 0;
};

TEST_F(HiredisLinkTest, RunsScriptsAndHearsTheWakeChannel) {
  const RedisProcess redis;
  make_link(redis.socket_path());
  ASSERT_TRUE(loop_.run_until([this] { return is_up(); }));

  std::vector<std::string> sent;
  for (int i = 0; i < 500; ++i) call(sent.emplace_back("payload " + std::to_string(i)));
  ASSERT_TRUE(loop_.run_until([this] { return messages_.size() == 500; }));

  EXPECT_EQ(done_, sent);
  EXPECT_EQ(messages_, sent);
  EXPECT_EQ(unavailable_, 0);
  EXPECT_FALSE(link_->unready_reason({.mono = std::chrono::steady_clock::now(), .wall = {}}));
}

TEST_F(HiredisLinkTest, CarriesLargeArguments) {
  const RedisProcess redis;
  make_link(redis.socket_path());
  ASSERT_TRUE(loop_.run_until([this] { return is_up(); }));
  const std::string large(std::size_t{3} << 20U, 'x');

  call(large);
  ASSERT_TRUE(loop_.run_until([this] { return messages_.size() == 1; }));

  EXPECT_EQ(messages_.front().size(), large.size());
}

TEST_F(HiredisLinkTest, ComesUpWhenRedisDoes) {
  std::optional<RedisProcess> redis;
  redis.emplace();
  const std::filesystem::path link_path = redis->socket_path() + ".link";
  make_link(link_path);
  ASSERT_TRUE(loop_.run_until([this] { return !notices_.empty(); }));
  EXPECT_NE(notices_.front().find("no such file"), std::string::npos) << notices_.front();

  std::filesystem::create_symlink(redis->socket_path(), link_path);

  EXPECT_TRUE(loop_.run_until([this] { return is_up(); }));
}

TEST_F(HiredisLinkTest, CompletesPendingCallsWhenRedisDies) {
  std::optional<RedisProcess> redis;
  redis.emplace();
  make_link(redis->socket_path());
  ASSERT_TRUE(loop_.run_until([this] { return is_up(); }));

  redis.reset();
  call("a");
  call("b");
  ASSERT_TRUE(loop_.run_until([this] { return downs_ == 1 && done_.size() == 2; }));

  EXPECT_EQ(done_, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(unavailable_, 2);
}

TEST_F(HiredisLinkTest, EndsInTheMiddleOfThings) {
  const RedisProcess redis;
  make_link(redis.socket_path());
  ASSERT_TRUE(loop_.run_until([this] { return is_up(); }));
  call("a");
  link_.reset();

  make_link(redis.socket_path());
  link_.reset();

  EXPECT_EQ(done_.size(), 0U);
}

TEST_F(HiredisLinkTest, LooksUpNamesAndSaysWhichConnectionWasRefused) {
  link_.emplace(
      RedisLinkConfig{.url = {.host = "localhost", .port = 1}},
      HiredisLink::Parts{
          .loop = loop_.get(),
          .random = random_,
          .clock = [] { return Now{.mono = std::chrono::steady_clock::now(), .wall = {}}; },
          .notify = [this](const RedisNotice& notice) { notices_.push_back(notice.text); }});
  link_->set_listener(*this);
  link_->start();

  ASSERT_TRUE(loop_.run_until([this] { return !notices_.empty(); }));

  EXPECT_NE(notices_.front().find("redis://localhost:1/0 cannot be reached (connection refused)"),
            std::string::npos)
      << notices_.front();
}

}  // namespace
}  // namespace icebreaker::testing
