// GCRA, the leaky bucket of rate limits: all that it remembers of somebody is until when they are
// in debt. Times are microseconds throughout, as Redis counts them, so that every engine says the
// same.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "common/base/deadline_queue.hpp"
#include "common/base/time.hpp"

namespace icebreaker {

struct GcraRate {
  std::uint32_t events = 0;  // per period; 0 = no limit
  std::chrono::microseconds period{std::chrono::seconds{1}};
  std::uint32_t burst = 1;  // at once, in periods' worth of events
  bool operator==(const GcraRate&) const = default;
};

template <class Key>
struct GcraCharge {
  Key key;
  std::uint32_t events = 1;
  GcraRate rate;
};

// The new end of a debt that ends at `debt` now, or how long to wait. The rate has a limit.
inline std::expected<MonoTime, std::chrono::milliseconds> gcra_charge(MonoTime now, MonoTime debt,
                                                                      const GcraRate& rate,
                                                                      std::uint32_t events) {
  using std::chrono::microseconds;
  const auto interval = std::max(rate.period / rate.events, microseconds{1});
  const MonoTime start = std::max(debt, now);
  const MonoTime end = start + interval * events;
  const auto over = end - (now + rate.period * rate.burst);
  // What is above the whole burst passes when there is no debt, or it never could.
  if (over <= MonoTime::duration::zero() || start == now) return end;
  return std::unexpected(std::chrono::ceil<std::chrono::milliseconds>(std::min(over, start - now)));
}

// Remembers only who is in debt.
template <class Key>
class GcraTable {
 public:
  // All or nothing; a value = refused, and after how long to try again. The keys differ.
  std::optional<std::chrono::milliseconds> charge(MonoTime now,
                                                  const std::vector<GcraCharge<Key>>& charges) {
    forget_idle(now);
    std::optional<std::chrono::milliseconds> wait;
    std::vector<MonoTime> debts;
    for (const auto& [key, events, rate] : charges) {
      const MonoTime debt = debts_.deadline_of(key).value_or(now);
      const auto end = rate.events == 0 ? debt : gcra_charge(now, debt, rate, events);
      if (!end) wait = std::max(wait.value_or(end.error()), end.error());
      debts.push_back(end.value_or(debt));
    }
    if (wait) return wait;
    for (std::size_t i = 0; i < charges.size(); ++i) {
      if (debts[i] > now) debts_.set(charges[i].key, debts[i]);
    }
    return std::nullopt;
  }

  void forget_idle(MonoTime now) {
    while (debts_.pop_due(now)) {
    }
  }

  [[nodiscard]] std::optional<MonoTime> next_deadline() const { return debts_.next(); }

  [[nodiscard]] std::size_t size() const { return debts_.size(); }

 private:
  DeadlineQueue<Key> debts_;  // until when each is in debt: GCRA's theoretical arrival time
};

}  // namespace icebreaker
