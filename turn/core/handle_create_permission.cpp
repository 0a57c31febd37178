#include <vector>

#include "common/stun/turn_attributes.hpp"
#include "turn/core/relay.hpp"
#include "turn/core/reply.hpp"

namespace icebreaker::turn {

using stun::ErrorCode;

// RFC 8656 §10.2: all of the peers or none.
Relay::Outcome Relay::handle_create_permission(Now now, const AuthenticatedRequest& request,
                                               Effects& out) {
  const auto found = allocation_of(request, now);
  if (!found) return std::unexpected(found.error());
  Allocation& allocation = **found;
  const auto peers = request.message().get_all<stun::XorPeerAddress>();
  if (!peers || peers->empty()) return std::unexpected(Refusal{ErrorCode::BadRequest});
  // Thousands fit into a datagram, and the work below grows with their square.
  if (peers->size() > rules_.limits.permissions_per_allocation) {
    return std::unexpected(Refusal{ErrorCode::InsufficientCapacity});
  }

  std::vector<IpAddress> ips;
  for (const PeerAddress& peer : *peers) {
    // The port of the attribute means nothing here, and a permission is for every port.
    const PeerAddress any_port{{peer.value.ip, 0}};
    if (const auto fine = check_peer(allocation, any_port); !fine) return fine;
    ips.push_back(peer.value.ip);
  }
  expire_peers(allocation, now, out);
  const std::size_t wanted = allocation.permissions.size() + allocation.permissions.missing(ips);
  if (wanted > rules_.limits.permissions_per_allocation) {
    return std::unexpected(Refusal{ErrorCode::InsufficientCapacity});
  }

  for (const IpAddress& ip : ips) install_permission(allocation, ip, now.mono, out);
  allocation.traffic.count_permissions(ips.size());
  schedule(allocation);
  out.emplace_back(success_reply(request.reply_to()));
  return {};
}

}  // namespace icebreaker::turn
