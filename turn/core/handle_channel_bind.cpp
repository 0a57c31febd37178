#include "common/stun/turn_attributes.hpp"
#include "turn/core/relay.hpp"
#include "turn/core/reply.hpp"

namespace icebreaker::turn {

using stun::ErrorCode;

// RFC 8656 §12.2.
Relay::Outcome Relay::handle_channel_bind(Now now, const AuthenticatedRequest& request,
                                          Effects& out) {
  const auto found = allocation_of(request, now);
  if (!found) return std::unexpected(found.error());
  Allocation& allocation = **found;
  const auto number = request.message().get<stun::ChannelNumberAttribute>();
  const auto peer = request.message().get<stun::XorPeerAddress>();
  if (!number || !peer) return std::unexpected(Refusal{ErrorCode::BadRequest});
  expire_peers(allocation, now, out);
  const ChannelCheck check = allocation.channels.check(*number, *peer, now.mono);
  if (check == ChannelCheck::Conflict) return std::unexpected(Refusal{ErrorCode::BadRequest});
  if (const auto fine = check_peer(allocation, *peer); !fine) return fine;

  const std::size_t permissions =
      allocation.permissions.size() + allocation.permissions.missing({&peer->value.ip, 1});
  const std::size_t channels = allocation.channels.size() + (check == ChannelCheck::New ? 1U : 0U);
  if (permissions > rules_.limits.permissions_per_allocation ||
      channels > rules_.limits.channels_per_allocation) {
    return std::unexpected(Refusal{ErrorCode::InsufficientCapacity});
  }

  install_permission(allocation, peer->value.ip, now.mono, out);
  bind_channel(allocation, allocation.channels.bind(*number, *peer, now.mono), out);
  allocation.traffic.count_permissions(1);
  schedule(allocation);
  out.emplace_back(success_reply(request.reply_to()));
  return {};
}

}  // namespace icebreaker::turn
