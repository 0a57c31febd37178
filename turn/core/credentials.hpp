// Who may use the relay: static users and TURN REST secrets, side by side.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/time.hpp"
#include "common/crypto/digest.hpp"
#include "common/stun/stun_attributes.hpp"
#include "turn/core/auth_failure.hpp"
#include "turn/core/password_key.hpp"

namespace icebreaker::turn {

struct StaticUser {
  std::string name;
  std::string password;
};

struct CredentialsConfig {
  std::string realm;  // this and the users as OpaqueString prepares them (RFC 8265 §4)
  std::vector<StaticUser> users{};
  std::vector<std::string> rest_secrets{};  // several for rotation
};

// What is known of the user that a request names.
struct UserRecord {
  std::vector<PasswordKey> keys;  // any of them will do: one per REST secret
  std::string_view quota_user;    // REST users: the part behind the timestamp
  AuthFailure without_key = AuthFailure::WrongPassword;  // when none of the keys fits
  // When one does. Who is unknown has a key as well, so that looking for it takes as long.
  AuthFailure with_key = AuthFailure::None;
  std::chrono::seconds expired_for{0};
};

class Credentials {
 public:
  explicit Credentials(const CredentialsConfig& config);

  [[nodiscard]] const std::string& realm() const { return realm_; }

  // Whether every user can be found by USERHASH: what REST users are called is not known before
  // they come.
  [[nodiscard]] bool all_have_userhash() const { return rest_secrets_.empty(); }

  // A static user's name, for as long as the credentials live.
  [[nodiscard]] std::optional<std::string_view> name_of(const crypto::Sha256Digest& userhash) const;

  // `quota_user` is a view of `username`. A static user shadows a REST user of the same name. The
  // timestamp of a REST user bounds when an allocation may be made, not how long it lives: a call
  // must not end with it, so `established`, the user whose allocation the request is about, does
  // not expire.
  [[nodiscard]] UserRecord find(std::string_view username, stun::PasswordAlgorithmNumber algorithm,
                                WallTime now, std::string_view established) const;

 private:
  struct StaticKeys {
    PasswordKey md5;
    PasswordKey sha256;
  };

  std::string realm_;
  std::unordered_map<std::string, StaticKeys> keys_by_name_;
  std::map<crypto::Sha256Digest, std::string> name_by_userhash_;
  std::vector<std::string> rest_secrets_;
};

// Of whom there is no record.
UserRecord no_record(AuthFailure why);

}  // namespace icebreaker::turn
