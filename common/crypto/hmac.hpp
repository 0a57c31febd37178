// HMAC (RFC 2104) over OpenSSL; one call per message, safe from any thread.
#pragma once

#include <span>

#include "common/base/bytes.hpp"
#include "common/crypto/digest.hpp"

namespace icebreaker::crypto {

Sha1Digest hmac_sha1(ByteView key, ByteView data);
Sha256Digest hmac_sha256(ByteView key, ByteView data);

// As if the parts were one after the other in memory.
Sha1Digest hmac_sha1(ByteView key, std::span<const ByteView> parts);
Sha256Digest hmac_sha256(ByteView key, std::span<const ByteView> parts);

}  // namespace icebreaker::crypto
