// What the server knows about the machine it runs on: which addresses relay, and which endpoints
// are its own and must not be relayed to.
#pragma once

#include <span>
#include <vector>

#include "common/base/address.hpp"
#include "turn/core/peer_policy.hpp"
#include "turn/server/config.hpp"

namespace icebreaker::turn {

// One interface of each family at most. Without configured addresses: of `machine`, public ones
// before private ones, loopback only when there is nothing else. Throws service::StartError.
std::vector<RelayInterface> relay_interfaces(const ServerConfig& config,
                                             std::span<const IpAddress> machine);

// Each endpoint under every address that reaches it: wildcards become all of the machine's, and the
// loopback network.
std::vector<OwnEndpoint> own_endpoints(std::span<const SocketAddress> bound,
                                       std::span<const IpAddress> machine,
                                       std::span<const RelayInterface> relays);

}  // namespace icebreaker::turn
