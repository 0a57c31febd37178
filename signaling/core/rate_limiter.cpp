#include "signaling/core/rate_limiter.hpp"

namespace icebreaker::signaling {
namespace {

constexpr unsigned kPrefixV4 = 32;
constexpr unsigned kPrefixV6 = 64;  // what a provider gives to one customer at least

}  // namespace

std::optional<std::chrono::milliseconds> RateLimiter::refuse(Now now, const IpAddress& ip,
                                                             std::uint32_t events) {
  const IpAddress client = ip.unmapped();
  const IpAddress prefix = Cidr::around(client, client.is_v4() ? kPrefixV4 : kPrefixV6).base();
  return debts_.charge(now.mono, {{prefix, events, rate_}});
}

}  // namespace icebreaker::signaling
