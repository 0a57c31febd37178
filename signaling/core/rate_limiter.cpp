#include "signaling/core/rate_limiter.hpp"

#include <algorithm>

namespace icebreaker::signaling {
namespace {

constexpr unsigned kPrefixV4 = 32;
constexpr unsigned kPrefixV6 = 64;  // what a provider gives to one customer at least

}  // namespace

std::optional<std::chrono::milliseconds> RateLimiter::refuse(Now now, const IpAddress& ip,
                                                             std::uint32_t events) {
  if (rate_.events == 0) return std::nullopt;
  forget_idle(now.mono);
  const IpAddress client = ip.unmapped();
  const IpAddress prefix = Cidr::around(client, client.is_v4() ? kPrefixV4 : kPrefixV6).base();
  const auto interval = rate_.period / rate_.events;
  const auto tolerance = rate_.period * rate_.burst;
  const MonoTime start = std::max(debts_.deadline_of(prefix).value_or(now.mono), now.mono);
  const MonoTime debt = start + interval * events;
  const auto over = debt - (now.mono + tolerance);
  // A batch above the whole burst passes when there is no debt, or it never could.
  if (over > std::chrono::nanoseconds{0} && start > now.mono) {
    return std::chrono::ceil<std::chrono::milliseconds>(over);
  }
  debts_.set(prefix, debt);
  return std::nullopt;
}

void RateLimiter::forget_idle(MonoTime now) {
  while (debts_.pop_due(now)) {
  }
}

}  // namespace icebreaker::signaling
