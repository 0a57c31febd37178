// Decides when it is of no use to try again: the server said so, or the same trouble came too
// often.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "common/base/time.hpp"
#include "common/signaling_client/closure.hpp"

namespace icebreaker::signaling_client {

struct StopReason {
  signaling::ErrorCode code = signaling::ErrorCode::Forbidden;
  std::string text;
  bool operator==(const StopReason&) const = default;
};

class Verdict {
 public:
  // A message of the server arrived well.
  void on_message() { bad_in_a_row_ = 0; }

  std::optional<StopReason> on_closure(Now now, const Closure& closure) {
    using signaling::ErrorCode;
    if (closure.reason == CloseReason::Refused) {
      return StopReason{closure.code.value_or(ErrorCode::Forbidden), closure.text};
    }
    if (closure.reason == CloseReason::Bad && ++bad_in_a_row_ >= kBadLimit) {
      return StopReason{closure.code.value_or(ErrorCode::BadMessage), closure.text};
    }
    if (closure.reason == CloseReason::Superseded) {
      superseded_.push_back(now.mono);
      while (now.mono - superseded_.front() >= kSupersededWindow) superseded_.pop_front();
      if (superseded_.size() >= kSupersededLimit) {
        return StopReason{ErrorCode::Superseded, closure.text};
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr int kBadLimit = 3;
  static constexpr std::size_t kSupersededLimit = 3;
  static constexpr std::chrono::seconds kSupersededWindow{10};

  int bad_in_a_row_ = 0;
  std::deque<MonoTime> superseded_;
};

}  // namespace icebreaker::signaling_client
