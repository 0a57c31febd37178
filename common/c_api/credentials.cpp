#include <chrono>
#include <cstring>

#include "common/c_api/boundary.hpp"
#include "common/crypto/long_term_key.hpp"
#include "common/crypto/turn_rest.hpp"

namespace crypto = icebreaker::crypto;
using namespace icebreaker::c_api;

namespace {

using std::chrono::floor;
using std::chrono::seconds;

// Larger values overflow the nanoseconds of system_clock.
constexpr int64_t kLatest = floor<seconds>(icebreaker::WallTime::max()).time_since_epoch().count();

template <class Digest>
icebreaker_status write_digest(uint8_t* target, const Digest& digest) {
  std::memcpy(target, digest.data(), digest.size());
  return ICEBREAKER_OK;
}

}  // namespace

icebreaker_status icebreaker_mint_turn_rest(const char* secret, const char* id, int64_t expires_at,
                                            icebreaker_text* username, icebreaker_text* password) {
  if (secret == nullptr || id == nullptr) return ICEBREAKER_INVALID_ARGUMENT;
  if (unusable(username) || unusable(password)) return ICEBREAKER_INVALID_ARGUMENT;
  if (expires_at < 0 || expires_at > kLatest) return ICEBREAKER_INVALID_ARGUMENT;
  return guarded([&] {
    const auto minted =
        crypto::mint_turn_rest_credentials(secret, id, icebreaker::WallTime{seconds{expires_at}});
    const bool both_fit = fits(*username, minted.username) && fits(*password, minted.password);
    if (!both_fit) {
      username->length = minted.username.size();
      password->length = minted.password.size();
      return ICEBREAKER_BUFFER_TOO_SMALL;
    }
    write_text(*username, minted.username);
    return write_text(*password, minted.password);
  });
}

icebreaker_status icebreaker_long_term_key(const char* username, const char* realm,
                                           const char* password, uint8_t key[16]) {
  if (username == nullptr || realm == nullptr || password == nullptr || key == nullptr) {
    return ICEBREAKER_INVALID_ARGUMENT;
  }
  return guarded(
      [&] { return write_digest(key, crypto::long_term_key_md5(username, realm, password)); });
}

icebreaker_status icebreaker_long_term_key_sha256(const char* username, const char* realm,
                                                  const char* password, uint8_t key[32]) {
  if (username == nullptr || realm == nullptr || password == nullptr || key == nullptr) {
    return ICEBREAKER_INVALID_ARGUMENT;
  }
  return guarded(
      [&] { return write_digest(key, crypto::long_term_key_sha256(username, realm, password)); });
}

icebreaker_status icebreaker_userhash(const char* username, const char* realm, uint8_t hash[32]) {
  if (username == nullptr || realm == nullptr || hash == nullptr) {
    return ICEBREAKER_INVALID_ARGUMENT;
  }
  return guarded([&] { return write_digest(hash, crypto::userhash(username, realm)); });
}
