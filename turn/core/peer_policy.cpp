#include "turn/core/peer_policy.hpp"

#include <algorithm>

namespace icebreaker::turn {
namespace {

const NetworkMatcher* find_in(const std::vector<NetworkMatcher>& networks,
                              const NetworkMatcher::Bits& ip) {
  const auto found =
      std::ranges::find_if(networks, [&](const NetworkMatcher& each) { return each.contains(ip); });
  return found == networks.end() ? nullptr : &*found;
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

std::optional<PeerRefusal> PeerPolicy::explain(const PeerAddress& peer) const {
  const auto [rule, network] = decide(peer);
  if (rule == PeerRule::Allowed) return std::nullopt;
  return PeerRefusal{peer, rule,
                     network == nullptr ? std::nullopt : std::optional{network->network()}};
}

PeerPolicy::Decision PeerPolicy::decide(const PeerAddress& peer) const {
  const auto& [ip, port] = peer.value;
  const EmbeddedV4 embedded = embedded_v4_of(ip);
  if (embedded.empty()) return decide_ip(ip, port);

  // An operator may deny the IPv6 form as such; allowing goes by what it leads to.
  if (const auto* denied = find_in(deny_, NetworkMatcher::bits_of(ip))) {
    return {PeerRule::Denied, denied};
  }
  for (const auto& each : embedded.addresses) {
    if (!each) continue;
    const Decision decision = decide_ip(*each, port);
    if (decision.rule != PeerRule::Allowed) return decision;
  }
  return {};
}

PeerPolicy::Decision PeerPolicy::decide_ip(const IpAddress& ip, std::uint16_t port) const {
  const Bits bits = NetworkMatcher::bits_of(ip);
  if (is_own_endpoint(bits, port)) return {PeerRule::OwnEndpoint};
  if (const auto* denied = find_in(deny_, bits)) return {PeerRule::Denied, denied};
  if (find_in(allow_, bits) != nullptr) return {};
  // Both clients of a call may hold relay addresses of this server, and those may be private.
  if (is_own_relay(ip)) {
    const bool may_be_relay = port == 0 || relay_ports_.contains(port);
    return {may_be_relay ? PeerRule::Allowed : PeerRule::OwnHost};
  }
  for (const auto& [network, rule] : special_) {
    if (network.contains(bits)) return {rule, &network};
  }
  if (!ip.is_v4() && !in_global_unicast(bits)) return {PeerRule::Unassigned};
  return {};
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
