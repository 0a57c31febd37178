// The long-term credential mechanism of RFC 8489 §9.2 on the server's side. Stateless: what it
// needs to know of a client is in the nonce.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"
#include "common/stun/message_builder.hpp"
#include "turn/core/auth_failure.hpp"
#include "turn/core/credentials.hpp"
#include "turn/core/ids.hpp"
#include "turn/core/nonce.hpp"
#include "turn/core/reply_to.hpp"

namespace icebreaker::turn {

// A request whose sender is who it says; state changes for nobody else. Lives as long as the
// datagram and the five-tuple it came in with.
class AuthenticatedRequest {
 public:
  [[nodiscard]] const FiveTuple& from() const { return reply_to_.client; }

  [[nodiscard]] const stun::MessageView& message() const { return message_; }

  [[nodiscard]] std::string_view username() const { return username_; }

  // Whom the allocation counts against; not for people to read.
  [[nodiscard]] std::string_view quota_user() const { return quota_user_; }

  [[nodiscard]] const ReplyTo& reply_to() const { return reply_to_; }

 private:
  friend class Authenticator;  // the only maker

  AuthenticatedRequest(const FiveTuple& from, const stun::MessageView& message,
                       std::string_view username)
      : reply_to_{from, message}, message_{message}, username_{username}, quota_user_{username} {}

  ReplyTo reply_to_;
  stun::MessageView message_;
  std::string_view username_;
  std::string_view quota_user_;
};

// Borrows from the request or the credentials.
struct AuthRefusal {
  stun::ErrorCode code;
  AuthFailure reason;
  std::string_view username{};  // as claimed, by whomever
  std::chrono::seconds expired_for{0};
};

class Authenticator {
 public:
  Authenticator(Credentials credentials, const NonceSecret& nonce_secret);

  // For labs: takes every request for one user's, with a quota for each host, and signs nothing.
  static Authenticator anonymous(const std::string& realm);

  // `established`: the user of the allocation that `from` has, or nothing; see Credentials::find.
  [[nodiscard]] std::expected<AuthenticatedRequest, AuthRefusal> authenticate(
      Now now, const FiveTuple& from, const stun::MessageView& request,
      std::string_view established) const;

  // REALM, a fresh NONCE and PASSWORD-ALGORITHMS for a 401 or 438.
  void add_challenge(MonoTime now, const ClientAddress& client, stun::MessageBuilder& reply) const;

 private:
  struct Claim {
    std::string_view username;
    AuthFailure flaw = AuthFailure::None;
  };

  // Nothing: the request says in no way, or in two, whom it comes from.
  [[nodiscard]] std::optional<Claim> claim_of(const stun::MessageView& request) const;

  Credentials credentials_;
  NonceMaker nonces_;
  bool everybody_ = false;
};

}  // namespace icebreaker::turn
