#include "turn/core/peer_policy.hpp"

#include <algorithm>

namespace icebreaker::turn {
namespace {

bool any_contains(const std::vector<NetworkMatcher>& networks, const NetworkMatcher::Bits& ip) {
  return std::ranges::any_of(networks,
                             [&](const NetworkMatcher& each) { return each.contains(ip); });
}

std::vector<NetworkMatcher> matchers_of(const std::vector<Cidr>& networks) {
  return {networks.begin(), networks.end()};
}

// 2000::/3, all that IANA has opened for global unicast.
bool in_global_unicast(const NetworkMatcher::Bits& v6) {
  return v6.high >> 61U == 1;
}

}  // namespace

PeerPolicy::PeerPolicy(const PeerPolicyConfig& config)
    : allow_{matchers_of(config.allow)},
      deny_{matchers_of(config.deny)},
      relays_{config.relays},
      relay_ports_{config.relay_ports} {
  for (const auto& [hosts, port] : config.own_endpoints) {
    own_endpoints_.emplace_back(NetworkMatcher{hosts}, port);
  }
  for (const auto& [cidr, rule] : special_networks()) {
    special_.emplace_back(NetworkMatcher{Cidr::parse(cidr).value()}, rule);
  }
}

PeerRule PeerPolicy::check(const PeerAddress& peer) const {
  const auto& [ip, port] = peer.value;
  const EmbeddedV4 embedded = embedded_v4_of(ip);
  if (embedded.empty()) return check_ip(ip, port);

  // An operator may deny the IPv6 form as such; allowing goes by what it leads to.
  if (any_contains(deny_, NetworkMatcher::bits_of(ip))) return PeerRule::Denied;
  for (const auto& each : embedded.addresses) {
    if (!each) continue;
    const PeerRule rule = check_ip(*each, port);
    if (rule != PeerRule::Allowed) return rule;
  }
  return PeerRule::Allowed;
}

PeerRule PeerPolicy::check_ip(const IpAddress& ip, std::uint16_t port) const {
  const Bits bits = NetworkMatcher::bits_of(ip);
  if (is_own_endpoint(bits, port)) return PeerRule::OwnEndpoint;
  if (any_contains(deny_, bits)) return PeerRule::Denied;
  if (any_contains(allow_, bits)) return PeerRule::Allowed;
  // Both clients of a call may hold relay addresses of this server, and those may be private.
  if (is_own_relay(ip)) {
    const bool may_be_relay = port == 0 || relay_ports_.contains(port);
    return may_be_relay ? PeerRule::Allowed : PeerRule::OwnHost;
  }
  for (const auto& [network, rule] : special_) {
    if (network.contains(bits)) return rule;
  }
  if (!ip.is_v4() && !in_global_unicast(bits)) return PeerRule::Unassigned;
  return PeerRule::Allowed;
}

bool PeerPolicy::is_own_endpoint(const Bits& ip, std::uint16_t port) const {
  return std::ranges::any_of(own_endpoints_, [&](const auto& endpoint) {
    return endpoint.second == port && endpoint.first.contains(ip);
  });
}

bool PeerPolicy::is_own_relay(const IpAddress& ip) const {
  return std::ranges::any_of(relays_,
                             [&](const RelayInterface& relay) { return relay.external == ip; });
}

}  // namespace icebreaker::turn
