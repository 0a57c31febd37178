// How far the data in Redis went when this instance last looked, so that it notices when they come
// back without their end: see lua/lib/lineage.lua.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace icebreaker::signaling {

class Lineage {
 public:
  enum class News : std::uint8_t {
    None,
    Era,      // sessions from before are lost
    WentBack  // without a reconnect, such as FLUSHALL
  };

  void on_connected() {
    enlisted_ = false;
    newest_reply_ = 0;
  }

  // In the order of the replies.
  News on_reply(std::uint64_t mark) {
    const bool went_back = mark < std::exchange(newest_reply_, mark);
    if (went_back) enlisted_ = false;
    if (!enlisted_) return went_back ? News::WentBack : News::None;
    const bool other_era = era_of(mark) != era_of(mark_);
    mark_ = std::max(mark_, mark);
    return other_era ? News::Era : News::None;
  }

  // Of data that came another way than in a reply.
  void on_seen(std::uint64_t mark) {
    if (enlisted_) mark_ = std::max(mark_, mark);
  }

  // Until then nothing is known of these data but that they are to be compared.
  [[nodiscard]] bool is_enlisted() const { return enlisted_; }

  News enlist(std::string line) {
    const bool knew_another = std::exchange(line_, std::move(line)) != kNone;
    const bool other_era = era_of(std::exchange(mark_, newest_reply_)) != era_of(newest_reply_);
    enlisted_ = true;
    return knew_another && other_era ? News::Era : News::None;
  }

  [[nodiscard]] const std::string& line() const { return line_; }

  [[nodiscard]] std::uint64_t mark() const { return mark_; }

 private:
  // ERA in lineage.lua
  static constexpr std::uint64_t era_of(std::uint64_t mark) { return mark >> 32U; }

  static constexpr const char* kNone = "-";

  std::string line_{kNone};
  std::uint64_t mark_ = 0;
  std::uint64_t newest_reply_ = 0;
  bool enlisted_ = false;
};

}  // namespace icebreaker::signaling
