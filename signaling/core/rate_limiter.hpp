// GCRA: so many events per period and address prefix, with a burst. Remembers only prefixes that
// are in debt.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "common/base/address.hpp"
#include "common/base/deadline_queue.hpp"
#include "common/base/time.hpp"

namespace icebreaker::signaling {

class RateLimiter {
 public:
  struct Rate {
    std::uint32_t events = 0;  // per period; 0 = no limit
    std::chrono::nanoseconds period{std::chrono::seconds{1}};
    std::uint32_t burst = 1;  // at once, in periods' worth of events
  };

  explicit RateLimiter(Rate rate) : rate_{rate} {}

  void set_rate(Rate rate) { rate_ = rate; }

  // Nothing when that many events may happen now; else when to try again.
  std::optional<std::chrono::milliseconds> refuse(Now now, const IpAddress& ip,
                                                  std::uint32_t events = 1);

  void forget_idle(MonoTime now);

  [[nodiscard]] std::size_t size() const { return debts_.size(); }

 private:
  Rate rate_;
  DeadlineQueue<IpAddress> debts_;  // until when a prefix is in debt: GCRA's theoretical arrival
};

}  // namespace icebreaker::signaling
