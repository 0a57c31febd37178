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

  const auto family = message.get<stun::RequestedAddressFamily>();
  if (!family && family.error() == stun::AttributeError::Malformed) {
    return std::unexpected(Refusal{ErrorCode::BadRequest});
  }
  if (family && stun::family_of(*family) != allocation.family) {
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
    end(allocation, EndReason::Released, now, out);
  } else {
    allocation.expires_at = now.mono + granted;
    schedule(allocation);
  }
  return {};
}

}  // namespace icebreaker::turn
