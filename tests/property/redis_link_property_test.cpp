// Whatever Redis, network and clock do: each call of the engine completes exactly once and in
// order, never from inside itself, and up and down alternate.
#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/signaling/redis/fake_redis.hpp"

namespace icebreaker::testing {
namespace {

class Storm {
 public:
  explicit Storm(std::uint64_t seed) : dice_{seed} { stage_.core().start(stage_.now()); }

  void step() {
    switch (dice_() % 10) {
      case 0:
        return stage_.accept_if_open();
      case 1:
      case 2:
        return stage_.serve();
      case 3:
      case 4:
        return call();
      case 5:
        return stage_.advance(std::chrono::milliseconds{dice_() % 2'000});
      case 6:
        return answer_one(std::unexpected("NOSCRIPT No matching script."));
      case 7:
        return answer_one(std::unexpected(std::string{any_error()}));
      case 8:
        return answer_one(RedisReply{});
      default:
        return dice_() % 4 == 0 ? cut() : stage_.advance(std::chrono::milliseconds{500});
    }
  }

  // A healthy end: all that is left completes.
  void calm_down() {
    for (int i = 0; i < 40; ++i) {
      stage_.advance(std::chrono::milliseconds{500});
      stage_.accept_if_open();
      stage_.serve();
    }
  }

  void check() {
    RC_ASSERT(stage_.core().is_up());
    RC_ASSERT(stage_.core().stats().pending_calls == 0U);
    std::uint64_t next = 0;
    bool up = false;
    for (const std::string& line : stage_.take_log()) {
      if (line == "up" || line == "down") {
        RC_ASSERT(up == (line == "down"));
        up = line == "up";
      } else if (!line.starts_with("message ")) {
        RC_ASSERT(line.starts_with(std::to_string(next++) + " "));
      }
    }
    RC_ASSERT(next == calls_);
  }

 private:
  void call() {
    const auto before = stage_.log_size();
    stage_.call(std::to_string(calls_++));
    RC_ASSERT(stage_.log_size() == before);
  }

  void answer_one(WireReply reply) {
    if (stage_.sent(Wire::Commands).empty()) return;
    stage_.take();
    stage_.answer(Wire::Commands, std::move(reply));
  }

  void cut() {
    const Wire wire = dice_() % 2 == 0 ? Wire::Commands : Wire::Wake;
    if (!stage_.wires().at(wire).open) return;
    stage_.core().on_ended(stage_.now(), wire, RedisWireHandler::End::Ended, "cut");
  }

  std::string_view any_error() {
    constexpr std::array<std::string_view, 6> kErrors{
        "OOM command not allowed", "READONLY no", "LOADING yes", "NOAUTH no", "ERR what", "BUSY"};
    return kErrors.at(dice_() % kErrors.size());
  }

  LinkStage stage_;
  std::mt19937_64 dice_;
  std::uint64_t calls_ = 0;
};

RC_GTEST_PROP(RedisLink, CompletesEachCallOnceAndInOrder, (std::uint64_t seed)) {
  Storm storm{seed};
  for (int i = 0; i < 300; ++i) storm.step();
  storm.calm_down();
  storm.check();
}

}  // namespace
}  // namespace icebreaker::testing
