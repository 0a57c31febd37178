// Who may use the relay: static users and TURN REST secrets, side by side.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/base/time.hpp"
#include "common/crypto/digest.hpp"
#include "turn/core/auth_failure.hpp"

namespace icebreaker::turn {

struct StaticUser {
  std::string name;
  std::string password;
};

struct CredentialsConfig {
  std::string realm;
  std::vector<StaticUser> users{};
  std::vector<std::string> rest_secrets{};  // several for rotation
};

// One user's way to prove itself.
struct UserKeys {
  std::vector<crypto::Md5Digest> keys;  // any of them will do: one per REST secret
  std::string_view quota_user;          // REST users: the part behind the timestamp
};

class Credentials {
 public:
  explicit Credentials(const CredentialsConfig& config);

  [[nodiscard]] const std::string& realm() const { return realm_; }

  // UnknownUser or ExpiredCredential; quota_user is a view of `username`. A static user shadows a
  // REST user of the same name. The timestamp of a REST user bounds when an allocation may be made,
  // not how long it lives: a call must not end with it, so `established`, the user whose
  // allocation the request is about, does not expire.
  [[nodiscard]] std::expected<UserKeys, AuthFailure> find(std::string_view username, WallTime now,
                                                          std::string_view established) const;

 private:
  [[nodiscard]] std::expected<UserKeys, AuthFailure> find_rest_user(
      std::string_view username, WallTime now, std::string_view established) const;

  std::string realm_;
  std::unordered_map<std::string, crypto::Md5Digest> keys_by_name_;
  std::vector<std::string> rest_secrets_;
};

}  // namespace icebreaker::turn
