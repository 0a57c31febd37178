#include "turn/core/credentials.hpp"

#include "common/crypto/turn_rest.hpp"

namespace icebreaker::turn {

using stun::PasswordAlgorithmNumber;

UserRecord no_record(AuthFailure why) {
  return {.keys = {PasswordKey{}}, .quota_user = {}, .without_key = why, .with_key = why};
}

Credentials::Credentials(const CredentialsConfig& config)
    : realm_{config.realm}, rest_secrets_{config.rest_secrets} {
  for (const auto& [name, password] : config.users) {
    keys_by_name_.insert_or_assign(
        name, StaticKeys{password_key(PasswordAlgorithmNumber::Md5, name, realm_, password),
                         password_key(PasswordAlgorithmNumber::Sha256, name, realm_, password)});
    name_by_userhash_.insert_or_assign(crypto::userhash(name, realm_), name);
  }
}

std::optional<std::string_view> Credentials::name_of(const crypto::Sha256Digest& userhash) const {
  const auto found = name_by_userhash_.find(userhash);
  if (found == name_by_userhash_.end()) return std::nullopt;
  return found->second;
}

UserRecord Credentials::find(std::string_view username, PasswordAlgorithmNumber algorithm,
                             WallTime now, std::string_view established) const {
  const auto fixed = keys_by_name_.find(std::string{username});
  if (fixed != keys_by_name_.end()) {
    const auto& [md5, sha256] = fixed->second;
    return {.keys = {algorithm == PasswordAlgorithmNumber::Sha256 ? sha256 : md5},
            .quota_user = username};
  }
  const auto rest = crypto::parse_turn_rest_username(username);
  if (!rest || rest_secrets_.empty()) return no_record(AuthFailure::UnknownUser);
  UserRecord user{.keys = {},
                  .quota_user = rest->id.empty() ? username : rest->id,
                  .without_key = AuthFailure::WrongSecret};
  if (rest->expires_at <= now && username != established) {
    user.with_key = AuthFailure::ExpiredCredential;
    user.expired_for = std::chrono::floor<std::chrono::seconds>(now - rest->expires_at);
  }
  for (const std::string& secret : rest_secrets_) {
    const std::string password = crypto::turn_rest_password(secret, username);
    user.keys.push_back(password_key(algorithm, username, realm_, password));
  }
  return user;
}

}  // namespace icebreaker::turn
