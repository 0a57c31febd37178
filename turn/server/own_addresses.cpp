#include "turn/server/own_addresses.hpp"

#include <algorithm>
#include <optional>

#include "common/service/command_line.hpp"

namespace icebreaker::turn {
namespace {

constexpr unsigned kWholeAddress = 128;

// Every address that reaches a wildcard listener without leaving the machine.
Cidr loopback_network(Family family) {
  return Cidr::around(IpAddress::loopback(family), family == Family::V4 ? 8 : kWholeAddress);
}

// Lower is better.
int unsuitability(const IpAddress& ip) {
  if (ip.is_loopback()) return 2;
  return PeerPolicy{{}}.check(PeerAddress{{ip, 0}}) == PeerRule::Allowed ? 0 : 1;
}

std::optional<IpAddress> best_of(Family family, std::span<const IpAddress> machine) {
  std::optional<IpAddress> best;
  for (const IpAddress& each : machine) {
    if (each.family() != family) continue;
    if (!best || unsuitability(each) < unsuitability(*best)) best = each;
  }
  return best;
}

std::vector<IpAddress> found_addresses(std::span<const IpAddress> machine) {
  std::vector<IpAddress> found;
  for (const Family family : {Family::V4, Family::V6}) {
    if (const auto best = best_of(family, machine)) found.push_back(*best);
  }
  const bool only_loopback = std::ranges::all_of(found, &IpAddress::is_loopback);
  if (!only_loopback) std::erase_if(found, [](const IpAddress& ip) { return ip.is_loopback(); });
  return found;
}

}  // namespace

std::vector<RelayInterface> relay_interfaces(const ServerConfig& config,
                                             std::span<const IpAddress> machine) {
  const auto bound =
      config.relay_addresses.empty() ? found_addresses(machine) : config.relay_addresses;
  if (bound.empty()) {
    throw service::StartError("this machine has no IP address to relay from; set relay.addresses");
  }
  std::vector<RelayInterface> relays;
  for (const IpAddress& each : bound) {
    const auto& external = config.relay_external;
    const auto told = std::ranges::find(external, each.family(), &IpAddress::family);
    relays.push_back({.bound = each, .external = told == external.end() ? each : *told});
  }
  for (const IpAddress& each : config.relay_external) {
    if (std::ranges::find(bound, each.family(), &IpAddress::family) == bound.end()) {
      throw service::StartError("relay.external names " + each.to_string() +
                                ", but this machine has no address of that family; set "
                                "relay.addresses");
    }
  }
  return relays;
}

std::vector<OwnEndpoint> own_endpoints(std::span<const SocketAddress> bound,
                                       std::span<const IpAddress> machine,
                                       std::span<const RelayInterface> relays) {
  std::vector<OwnEndpoint> endpoints;
  for (const SocketAddress& each : bound) {
    const Family family = each.ip.family();
    const auto add = [&](const IpAddress& ip) {
      if (ip.family() == family) endpoints.push_back({Cidr::around(ip, kWholeAddress), each.port});
    };
    add(each.ip);
    for (const RelayInterface& relay : relays) {
      // A NAT with static ports in front of us leads from there to here.
      if (each.ip.is_any() || each.ip == relay.bound) add(relay.external);
    }
    if (!each.ip.is_any()) continue;
    endpoints.push_back({loopback_network(family), each.port});
    for (const IpAddress& ip : machine) add(ip);
  }
  std::ranges::sort(endpoints);
  const auto repeated = std::ranges::unique(endpoints);
  endpoints.erase(repeated.begin(), repeated.end());
  return endpoints;
}

}  // namespace icebreaker::turn
