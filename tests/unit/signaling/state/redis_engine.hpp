// RedisState over a redis-server of the test program's own, whose clock moves only by advance().
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "signaling/state/redis/redis_state.hpp"
#include "tests/support/redis_process.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/unit/signaling/state/blocking_link.hpp"
#include "tests/unit/signaling/state/state_contract.hpp"

namespace icebreaker::signaling::testing {

// The server that all tests of a program share, emptied for each of them.
RedisProcess& shared_redis();

// One instance of several on the same Redis.
class RedisInstance {
 public:
  RedisInstance(const StateConfig& config, std::uint64_t seed, std::string name);

  [[nodiscard]] State& state() { return state_; }

  [[nodiscard]] BlockingLink& link() { return link_; }

  void connect(Now now);

  // What it had to say to the operator.
  [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }

 private:
  icebreaker::testing::SeededRandom random_;
  std::string name_;
  int connections_ = 0;
  std::vector<std::string> notices_;
  BlockingLink link_;
  RedisState state_;
};

class RedisEngine final : public EngineUnderTest {
 public:
  explicit RedisEngine(const StateConfig& config);
  RedisEngine(const RedisEngine&) = delete;
  RedisEngine& operator=(const RedisEngine&) = delete;
  RedisEngine(RedisEngine&&) = delete;
  RedisEngine& operator=(RedisEngine&&) = delete;
  // Every key must have an expiry.
  ~RedisEngine() override;

  State& state() override { return instances_.front()->state(); }

  Now now() override { return now_; }

  void advance(std::chrono::milliseconds by) override;
  void settle() override;
  bool is_empty() override;

  // Further instances, which live like the first one.
  RedisInstance& add_instance();

  RedisInstance& instance(std::size_t index) { return *instances_.at(index); }

  // Time passes that one instance does not notice.
  void advance_without(const RedisInstance& asleep, std::chrono::milliseconds by);

  // No more beats from it and nothing done for it, like a process that was killed.
  void kill(RedisInstance& instance);
  [[nodiscard]] std::vector<std::string> keys();

  RedisReply ask(const std::vector<std::string>& words) { return questions_.command(words); }

  // Redis is killed and comes back with what it had at its last SAVE; no instance is connected.
  void restart_redis();
  // As Redis does when it runs out of memory: those whose names end so.
  void drop_keys(const std::string& ending);

 private:
  void advance(std::chrono::milliseconds by, const RedisInstance* asleep);

  StateConfig config_;
  Now now_{MonoTime{1h}, WallTime{1h}};
  std::vector<std::unique_ptr<RedisInstance>> instances_;
  BlockingLink questions_;
};

}  // namespace icebreaker::signaling::testing
