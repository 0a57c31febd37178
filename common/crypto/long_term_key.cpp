#include "common/crypto/long_term_key.hpp"

#include <string>

namespace icebreaker::crypto {
namespace {

std::string joined(std::string_view username, std::string_view realm) {
  std::string text;
  text.reserve(username.size() + realm.size() + 1);
  return text.append(username).append(1, ':').append(realm);
}

std::string joined(std::string_view username, std::string_view realm, std::string_view password) {
  return joined(username, realm).append(1, ':').append(password);
}

}  // namespace

Md5Digest long_term_key_md5(std::string_view username, std::string_view realm,
                            std::string_view password) {
  return md5(bytes_of(joined(username, realm, password)));
}

Sha256Digest long_term_key_sha256(std::string_view username, std::string_view realm,
                                  std::string_view password) {
  return sha256(bytes_of(joined(username, realm, password)));
}

Sha256Digest userhash(std::string_view username, std::string_view realm) {
  return sha256(bytes_of(joined(username, realm)));
}

}  // namespace icebreaker::crypto
