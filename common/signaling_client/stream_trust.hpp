// Whether event streams get through to this client. Some proxies keep a response back until it
// ends: then nothing of a stream arrives, and long-poll is used for a while without asking again at
// each connect.
#pragma once

#include <chrono>
#include <optional>

#include "common/base/time.hpp"

namespace icebreaker::signaling_client {

class StreamTrust {
 public:
  [[nodiscard]] bool trusts(Now now) const {
    return !distrusted_until_ || now.mono >= *distrusted_until_;
  }

  // Something of a stream arrived.
  void on_heard() {
    proven_ = true;
    strikes_ = 0;
  }

  // A stream brought nothing. Where streams got through before, once may be the server's trouble.
  void on_silent(Now now) {
    ++strikes_;
    if (!proven_ || strikes_ >= kStrikesLimit) distrusted_until_ = now.mono + kDistrust;
  }

  // The network may have changed.
  void forget() { *this = {}; }

 private:
  static constexpr std::chrono::minutes kDistrust{5};
  static constexpr int kStrikesLimit = 2;

  bool proven_ = false;
  int strikes_ = 0;
  std::optional<MonoTime> distrusted_until_;
};

}  // namespace icebreaker::signaling_client
