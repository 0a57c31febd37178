#include "turn/core/authenticator.hpp"

#include <algorithm>
#include <utility>

#include "common/crypto/opaque_string.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/stun_attributes.hpp"
#include "turn/core/nonce_cookie.hpp"
#include "turn/core/password_algorithms.hpp"

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
bool is_signed_with(const stun::MessageView& request, const PasswordKey& key) {
  const auto sha256 = request.find(stun::AttributeType::MessageIntegritySha256);
  if (!sha256) return stun::verify_message_integrity(request, key.view()).has_value();
  return sha256->size() == stun::kMessageIntegritySha256Bytes &&
         stun::verify_message_integrity_sha256(request, key.view()).has_value();
}

// RFC 8489 §14.3: fewer than 509 bytes; longer ones are parsed, but nobody's.
bool is_username(std::string_view text) {
  constexpr std::size_t kMaxBytes = 508;
  return text.size() <= kMaxBytes && crypto::prepare_opaque_string(text).has_value();
}

SecurityFeatures features_of(const Credentials& credentials) {
  const auto features = SecurityFeatures{}.with(SecurityFeature::PasswordAlgorithms);
  // RFC 8489 §9.2.5: with this bit, clients must not use USERNAME any more.
  if (!credentials.all_have_userhash()) return features;
  return features.with(SecurityFeature::UsernameAnonymity);
}

std::unexpected<AuthRefusal> refuse(ErrorCode code, AuthFailure reason,
                                    std::string_view username = {}) {
  return std::unexpected(AuthRefusal{code, reason, username});
}

}  // namespace

Authenticator::Authenticator(Credentials credentials, const NonceSecret& nonce_secret)
    : credentials_{std::move(credentials)}, nonces_{nonce_secret, features_of(credentials_)} {}

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
  const auto realm = request.get<stun::Realm>();
  const auto nonce = request.get<stun::Nonce>();
  const auto claim = claim_of(request);
  if (!claim || !realm || !nonce) {
    return refuse(ErrorCode::BadRequest, AuthFailure::MissingAttribute,
                  claim ? claim->username : std::string_view{});
  }
  const auto choice = chosen_algorithm(request, *nonce);
  const std::string_view username = claim->username;
  if (!choice) return refuse(ErrorCode::BadRequest, AuthFailure::AlteredAlgorithms, username);

  const UserRecord user =
      claim->flaw == AuthFailure::None
          ? credentials_.find(username, choice->algorithm, now.wall, established)
          : no_record(claim->flaw);
  const auto key = std::ranges::find_if(
      user.keys, [&](const PasswordKey& candidate) { return is_signed_with(request, candidate); });
  // One answer to all of them, which take alike long: the reason is for the operator only.
  AuthFailure failure = key == user.keys.end() ? user.without_key : user.with_key;
  if (*realm != credentials_.realm()) failure = AuthFailure::WrongRealm;
  if (failure != AuthFailure::None) {
    return std::unexpected(
        AuthRefusal{ErrorCode::Unauthenticated, failure, username, user.expired_for});
  }
  if (!nonces_.valid(*nonce, now.mono, from.client)) {
    return refuse(ErrorCode::StaleNonce, AuthFailure::StaleNonce, username);
  }

  AuthenticatedRequest accepted{from, request, username};
  accepted.quota_user_ = user.quota_user;
  accepted.reply_to_.integrity = ReplyIntegrity{*key, choice->reply_integrity};
  return accepted;
}

std::optional<Authenticator::Claim> Authenticator::claim_of(
    const stun::MessageView& request) const {
  const bool hashed = request.has<stun::Userhash>();
  if (hashed == request.has<stun::Username>()) return std::nullopt;
  if (hashed) {
    const auto hash = request.get<stun::Userhash>();
    if (!hash) return std::nullopt;
    const auto name = credentials_.name_of(*hash);
    return name ? Claim{*name} : Claim{{}, AuthFailure::UnknownUser};
  }
  const auto name = request.get<stun::Username>();
  if (!name) return std::nullopt;
  return Claim{*name, is_username(*name) ? AuthFailure::None : AuthFailure::InvalidUsername};
}

void Authenticator::add_challenge(MonoTime now, const ClientAddress& client,
                                  stun::MessageBuilder& reply) const {
  const NonceMaker::Text nonce = nonces_.make(now, client);
  reply.add<stun::Realm>(credentials_.realm());
  reply.add<stun::Nonce>(std::string_view{nonce.data(), nonce.size()});
  reply.add<stun::PasswordAlgorithms>(offered_algorithms());
}

}  // namespace icebreaker::turn
