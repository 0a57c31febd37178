// Which peers the relay may talk to: the one check behind CreatePermission, ChannelBind, Send and
// the data path. Immutable; a reload makes a new one.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/address.hpp"
#include "turn/core/special_networks.hpp"

namespace icebreaker::turn {

struct RelayPorts {
  std::uint16_t first = 49152;
  std::uint16_t last = 65535;  // included

  [[nodiscard]] bool contains(std::uint16_t port) const { return port >= first && port <= last; }

  [[nodiscard]] std::uint32_t count() const { return std::uint32_t{last} - first + 1U; }

  bool operator==(const RelayPorts&) const = default;
};

// One address that relay ports are bound on, and the one that clients are told.
struct RelayInterface {
  IpAddress bound;
  IpAddress external;
};

// A port of this server, under every address that leads to it.
struct OwnEndpoint {
  Cidr hosts;
  std::uint16_t port = 0;

  auto operator<=>(const OwnEndpoint&) const = default;
};

struct PeerPolicyConfig {
  std::vector<Cidr> allow{};
  std::vector<Cidr> deny{};
  std::vector<RelayInterface> relays{};
  RelayPorts relay_ports{};
  std::vector<OwnEndpoint> own_endpoints{};  // listeners, metrics; wildcards spelled out
};

struct PeerRefusal {
  PeerAddress peer;
  PeerRule rule = PeerRule::Allowed;
  std::optional<Cidr> network;  // that the rule is about, if it is about one

  bool operator==(const PeerRefusal&) const = default;
};

class PeerPolicy {
 public:
  explicit PeerPolicy(const PeerPolicyConfig& config);

  // Allowed, or the rule that refuses. Port 0 stands for any port, as in CreatePermission.
  [[nodiscard]] PeerRule check(const PeerAddress& peer) const { return decide(peer).rule; }

  // For people; nothing when the peer is allowed.
  [[nodiscard]] std::optional<PeerRefusal> explain(const PeerAddress& peer) const;

 private:
  using Bits = NetworkMatcher::Bits;

  struct Decision {
    PeerRule rule = PeerRule::Allowed;
    const NetworkMatcher* network = nullptr;
  };

  [[nodiscard]] Decision decide(const PeerAddress& peer) const;
  [[nodiscard]] Decision decide_ip(const IpAddress& ip, std::uint16_t port) const;
  [[nodiscard]] bool is_own_endpoint(const Bits& ip, std::uint16_t port) const;
  [[nodiscard]] bool is_own_relay(const IpAddress& ip) const;

  std::vector<NetworkMatcher> allow_;
  std::vector<NetworkMatcher> deny_;
  std::vector<std::pair<NetworkMatcher, PeerRule>> special_;
  std::vector<RelayInterface> relays_;
  RelayPorts relay_ports_;
  std::vector<std::pair<NetworkMatcher, std::uint16_t>> own_endpoints_;
};

}  // namespace icebreaker::turn
