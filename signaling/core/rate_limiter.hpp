// So many events per period and address prefix, with a burst. Remembers only prefixes that
// are in debt.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "common/base/address.hpp"
#include "common/base/gcra.hpp"
#include "common/base/time.hpp"

namespace icebreaker::signaling {

class RateLimiter {
 public:
  explicit RateLimiter(GcraRate rate) : rate_{rate} {}

  void set_rate(GcraRate rate) { rate_ = rate; }

  // Nothing when that many events may happen now; else when to try again.
  std::optional<std::chrono::milliseconds> refuse(Now now, const IpAddress& ip,
                                                  std::uint32_t events = 1);

  void forget_idle(MonoTime now) { debts_.forget_idle(now); }

  [[nodiscard]] std::size_t size() const { return debts_.size(); }

 private:
  GcraRate rate_;
  GcraTable<IpAddress> debts_;
};

}  // namespace icebreaker::signaling
