#include "signaling/core/rate_limiter.hpp"

namespace icebreaker::signaling {
namespace {

constexpr unsigned kPrefixV4 = 32;
constexpr unsigned kPrefixV6 = 64;  // what a provider gives to one customer at least

IpAddress prefix_of(const IpAddress& ip) {
  const IpAddress client = ip.unmapped();
  return Cidr::around(client, client.is_v4() ? kPrefixV4 : kPrefixV6).base();
}

}  // namespace

std::vector<RateCharge> charges_of(Limited what, std::uint32_t events, const GcraRate& rate,
                                   const RateHolder& holder) {
  if (rate.events == 0 || events == 0) return {};
  const std::string name{kLimited.at(static_cast<std::size_t>(what))};
  std::vector<RateCharge> charges;
  if (holder.address) {
    charges.push_back({name + ":ip:" + prefix_of(*holder.address).to_string(), events, rate});
  }
  if (!holder.user.empty()) {
    charges.push_back({name + ":user:" + std::string{holder.user}, events, rate});
  }
  return charges;
}

std::optional<std::chrono::milliseconds> MessageLimiter::refuse(Now now, const IpAddress& address,
                                                                std::string_view sender,
                                                                std::uint32_t events) {
  if (rate_.events == 0) return std::nullopt;
  return debts_.charge(now.mono,
                       {{prefix_of(address), events, rate_}, {std::string{sender}, events, rate_}});
}

}  // namespace icebreaker::signaling
