#include "tests/unit/signaling/state/redis_engine.hpp"

#include <algorithm>
#include <utility>

namespace icebreaker::signaling::testing {

RedisProcess& shared_redis() {
  static RedisProcess redis;
  static const bool frozen = (redis.freeze_clock(), true);
  static_cast<void>(frozen);
  return redis;
}

RedisInstance::RedisInstance(const StateConfig& config, std::uint64_t seed, std::string name)
    : random_{seed},
      name_{std::move(name)},
      link_{shared_redis().socket_path()},
      state_{config, random_, link_,
             [this](const RedisNotice& notice) { notices_.push_back(notice.text); }} {}

void RedisInstance::connect(Now now) {
  link_.connect(now, name_ + "#" + std::to_string(++connections_));
}

RedisEngine::RedisEngine(const StateConfig& config)
    : config_{config}, questions_{shared_redis().socket_path()} {
  questions_.command({"FLUSHALL"});
  add_instance();
}

RedisEngine::~RedisEngine() {
  for (const std::string& key : keys()) {
    const RedisReply left = questions_.command({"PTTL", key});
    EXPECT_NE(*left.integer(), -1) << key << " has no expiry";
  }
}

RedisInstance& RedisEngine::add_instance() {
  const std::size_t number = instances_.size() + 1;
  auto& added = instances_.emplace_back(
      std::make_unique<RedisInstance>(config_, number, "i" + std::to_string(number)));
  added->connect(now_);
  return *added;
}

void RedisEngine::advance(std::chrono::milliseconds by) {
  advance(by, nullptr);
}

void RedisEngine::advance_without(const RedisInstance& asleep, std::chrono::milliseconds by) {
  advance(by, &asleep);
}

void RedisEngine::advance(std::chrono::milliseconds by, const RedisInstance* asleep) {
  const MonoTime end = now_.mono + by;
  while (true) {
    MonoTime next = end;
    for (const auto& instance : instances_) {
      if (instance.get() == asleep) continue;
      next = std::min(next, instance->state().next_deadline().value_or(end));
    }
    const MonoTime step = std::max(next, now_.mono);
    shared_redis().advance_clock(
        std::chrono::duration_cast<std::chrono::microseconds>(step - now_.mono));
    now_.mono = step;
    for (const auto& instance : instances_) {
      if (instance.get() != asleep) instance->state().on_deadline(now_);
    }
    settle();
    if (step == end) return;
  }
}

void RedisEngine::settle() {
  // What one instance does may wake another.
  for (std::size_t i = 0; i < 2 * instances_.size(); ++i) {
    instances_.at(i % instances_.size())->link().deliver(now_);
  }
}

bool RedisEngine::is_empty() {
  return std::ranges::all_of(keys(), [](const std::string& key) {
    return key == "ib:i" || key == "ib:reaper" ||  // that the instance itself lives
           key == "ib:mark" || key == "ib:line" || key == "ib:count";
  });
}

void RedisEngine::kill(RedisInstance& instance) {
  std::erase_if(instances_, [&](const auto& each) { return each.get() == &instance; });
}

void RedisEngine::restart_redis() {
  settle();
  for (const auto& instance : instances_) instance->link().cut(now_);
  shared_redis().restart();
  questions_.open_commands();
}

void RedisEngine::drop_keys(const std::string& ending) {
  for (const std::string& key : keys()) {
    if (key.ends_with(ending)) questions_.command({"DEL", key});
  }
}

std::vector<std::string> RedisEngine::keys() {
  std::vector<std::string> names;
  std::string cursor = "0";
  do {
    RedisReply page = questions_.command({"SCAN", cursor, "COUNT", "1000"});
    cursor = *page.array()->at(0).string();
    for (RedisReply& name : *page.array()->at(1).array()) names.push_back(*name.string());
  } while (cursor != "0");
  return names;
}

}  // namespace icebreaker::signaling::testing
