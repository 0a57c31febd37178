#include "turn/core/credentials.hpp"

#include "common/crypto/long_term_key.hpp"
#include "common/crypto/turn_rest.hpp"

namespace icebreaker::turn {

Credentials::Credentials(const CredentialsConfig& config)
    : realm_{config.realm}, rest_secrets_{config.rest_secrets} {
  for (const auto& [name, password] : config.users) {
    keys_by_name_.insert_or_assign(name, crypto::long_term_key_md5(name, realm_, password));
  }
}

std::expected<UserKeys, AuthFailure> Credentials::find(std::string_view username, WallTime now,
                                                       std::string_view established) const {
  const auto fixed = keys_by_name_.find(std::string{username});
  if (fixed != keys_by_name_.end()) return UserKeys{{fixed->second}, username};
  return find_rest_user(username, now, established);
}

std::expected<UserKeys, AuthFailure> Credentials::find_rest_user(
    std::string_view username, WallTime now, std::string_view established) const {
  const auto rest = crypto::parse_turn_rest_username(username);
  if (!rest || rest_secrets_.empty()) return std::unexpected(AuthFailure::UnknownUser);
  if (rest->expires_at <= now && username != established) {
    return std::unexpected(AuthFailure::ExpiredCredential);
  }
  UserKeys user{{}, rest->id.empty() ? username : rest->id};
  for (const std::string& secret : rest_secrets_) {
    const std::string password = crypto::turn_rest_password(secret, username);
    user.keys.push_back(crypto::long_term_key_md5(username, realm_, password));
  }
  return user;
}

}  // namespace icebreaker::turn
