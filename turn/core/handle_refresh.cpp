#include <algorithm>

#include "common/stun/turn_attributes.hpp"
#include "turn/core/lifetime.hpp"
#include "turn/core/relay.hpp"
#include "turn/core/reply.hpp"

namespace icebreaker::turn {

using stun::ErrorCode;

// RFC 8656 §8.2.
Relay::Outcome Relay::handle_refresh(Now now, const AuthenticatedRequest& request, Effects& out) {
  const auto found = allocation_of(request, now);
  if (!found) return std::unexpected(found.error());
  Allocation& allocation = **found;
  const stun::MessageView& message = request.message();

  const auto named = message.get<stun::RequestedAddressFamily>();
  if (!named && named.error() == stun::AttributeError::Malformed) {
    return std::unexpected(Refusal{ErrorCode::BadRequest});
  }
  const std::optional<Family> only = named ? stun::family_of(*named) : std::nullopt;
  if (named && (!only || !allocation.relays.open(*only, now.mono))) {
    return std::unexpected(Refusal{ErrorCode::PeerAddressFamilyMismatch});
  }
  const auto wanted = wanted_lifetime(message);
  if (!wanted) return std::unexpected(Refusal{wanted.error()});

  const bool release = *wanted == std::chrono::seconds{0};
  const auto granted = release ? *wanted : granted_lifetime(message).value();
  out.emplace_back(success_reply(request.reply_to(), [&](stun::MessageBuilder& reply) {
    reply.add<stun::Lifetime>(granted);
  }));
  if (release) {
    release_relays(allocation, only, now, out);
    return {};
  }
  for (const Family family : kFamilies) {
    // §8.1: without a family it is about all of them.
    if (only.value_or(family) == family && allocation.relays.open(family, now.mono)) {
      allocation.relays.of(family).expires_at = now.mono + granted;
    }
  }
  allocation.expires_at = allocation.relays.last_end();
  schedule(allocation);
  return {};
}

void Relay::release_relays(Allocation& allocation, std::optional<Family> only, Now now,
                           Effects& out) {
  const bool dual = std::ranges::all_of(
      kFamilies, [&](Family family) { return allocation.relays.open(family, now.mono); });
  if (!only || !dual) return end(allocation, EndReason::Released, now, out);
  end_family(allocation, *only, out);
  schedule(allocation);
}

}  // namespace icebreaker::turn
