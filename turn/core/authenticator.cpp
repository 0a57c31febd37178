#include "turn/core/authenticator.hpp"

#include <algorithm>

#include "common/stun/integrity.hpp"
#include "common/stun/stun_attributes.hpp"

namespace icebreaker::turn {
namespace {

using stun::ErrorCode;

constexpr std::string_view kAnonymousUser = "anonymous";

// Who stands for a user where nobody has a name; an IPv6 host has a whole /64. A view of `from`.
std::string_view host_of(const FiveTuple& from) {
  const IpAddress& ip = from.client.value.ip;
  return text_of(ip.bytes().first(ip.is_v4() ? 4 : 8));
}

bool is_signed(const stun::MessageView& request) {
  return request.has<stun::MessageIntegrity>() || request.has<stun::MessageIntegritySha256>();
}

// RFC 8489 §9.2.4: with both attributes, the stronger one counts. §14.6: all of its 32 bytes, since
// TURN permits no truncation.
bool is_signed_with(const stun::MessageView& request, const crypto::Md5Digest& key) {
  const auto sha256 = request.find(stun::AttributeType::MessageIntegritySha256);
  if (!sha256) return stun::verify_message_integrity(request, key).has_value();
  return sha256->size() == stun::kMessageIntegritySha256Bytes &&
         stun::verify_message_integrity_sha256(request, key).has_value();
}

std::unexpected<AuthRefusal> refuse(ErrorCode code, AuthFailure reason) {
  return std::unexpected(AuthRefusal{code, reason});
}

}  // namespace

Authenticator Authenticator::anonymous(const std::string& realm) {
  Authenticator made{Credentials{{.realm = realm}}, NonceSecret{}};
  made.everybody_ = true;
  return made;
}

std::expected<AuthenticatedRequest, AuthRefusal> Authenticator::authenticate(
    Now now, const FiveTuple& from, const stun::MessageView& request,
    std::string_view established) const {
  if (everybody_) {
    AuthenticatedRequest accepted{from, request, kAnonymousUser};
    accepted.quota_user_ = host_of(from);
    return accepted;
  }

  // RFC 8489 §9.2.4, in its order.
  if (!is_signed(request)) {
    return refuse(ErrorCode::Unauthenticated, AuthFailure::NoCredentials);
  }
  const auto username = request.get<stun::Username>();
  const auto realm = request.get<stun::Realm>();
  const auto nonce = request.get<stun::Nonce>();
  if (!username || !realm || !nonce) {
    return refuse(ErrorCode::BadRequest, AuthFailure::MissingAttribute);
  }
  const auto user = credentials_.find(*username, now.wall, established);
  if (!user) return refuse(ErrorCode::Unauthenticated, user.error());
  // The key covers the realm, so this only names what the integrity check would find.
  if (*realm != credentials_.realm()) {
    return refuse(ErrorCode::Unauthenticated, AuthFailure::WrongRealm);
  }
  const auto key = std::ranges::find_if(user->keys, [&](const crypto::Md5Digest& candidate) {
    return is_signed_with(request, candidate);
  });
  if (key == user->keys.end()) {
    return refuse(ErrorCode::Unauthenticated, AuthFailure::WrongPassword);
  }
  if (!nonces_.valid(*nonce, now.mono, from.client)) {
    return refuse(ErrorCode::StaleNonce, AuthFailure::StaleNonce);
  }

  AuthenticatedRequest accepted{from, request, *username};
  accepted.quota_user_ = user->quota_user;
  accepted.reply_to_.integrity = ReplyIntegrity{*key};
  return accepted;
}

void Authenticator::add_challenge(MonoTime now, const ClientAddress& client,
                                  stun::MessageBuilder& reply) const {
  const NonceMaker::Text nonce = nonces_.make(now, client);
  reply.add<stun::Realm>(credentials_.realm());
  reply.add<stun::Nonce>(std::string_view{nonce.data(), nonce.size()});
}

}  // namespace icebreaker::turn
