// What a public key is good for, to refuse a wrong one when a server starts and not at its first
// use.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace icebreaker::crypto {

enum class KeyKind : std::uint8_t { Rsa, EcP256, Other };

struct PublicKeyFacts {
  KeyKind kind = KeyKind::Other;
  unsigned bits = 0;
  bool operator==(const PublicKeyFacts&) const = default;
};

// Of one key in PEM form; else what it is instead, to follow the name of a setting.
std::expected<PublicKeyFacts, std::string> inspect_public_key(std::string_view pem);

// OpenSSL's queue of errors belongs to the thread: what one library leaves in it, another one that
// shares the thread may take for its own.
void forget_openssl_errors();

}  // namespace icebreaker::crypto
