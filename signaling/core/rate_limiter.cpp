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

std::optional<std::chrono::milliseconds> MessageLimiter::refuse(Now now,
                                                                const MessageSource& source,
                                                                std::uint32_t events) {
  std::vector<GcraCharge<std::variant<IpAddress, std::string>>> charges;
  if (source.address && rates_.address.events > 0) {
    charges.push_back({prefix_of(*source.address), events, rates_.address});
  }
  if (!source.sender.empty() && rates_.sender.events > 0) {
    charges.push_back({source.sender, events, rates_.sender});
  }
  if (charges.empty()) return std::nullopt;
  return debts_.charge(now.mono, charges);
}

}  // namespace icebreaker::signaling
