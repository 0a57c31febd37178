// What the link has to say to the operator, held back when it repeats itself.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "common/base/time.hpp"
#include "signaling/state/redis/trouble.hpp"

namespace icebreaker::signaling {

struct RedisNotice {
  enum class Level : std::uint8_t { Info, Warn, Error };
  Level level = Level::Info;
  std::string text;
};

using RedisNoticeSink = std::function<void(const RedisNotice&)>;

// One line per kind of trouble and interval.
class TroubleLimiter {
 public:
  // Nothing: say nothing. Otherwise how often nothing was said since the last line.
  std::optional<std::uint64_t> admit(MonoTime now, Trouble trouble) {
    Row& row = rows_.at(static_cast<std::size_t>(trouble));
    if (row.last && now - *row.last < kInterval) {
      ++row.held_back;
      return {};
    }
    row.last = now;
    return std::exchange(row.held_back, 0);
  }

 private:
  static constexpr std::chrono::seconds kInterval{10};

  struct Row {
    std::optional<MonoTime> last;
    std::uint64_t held_back = 0;
  };

  std::array<Row, kTroubleCount> rows_;
};

}  // namespace icebreaker::signaling
