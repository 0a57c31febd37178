// Message digests over OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "common/base/bytes.hpp"

namespace icebreaker::crypto {

using Md5Digest = std::array<std::byte, 16>;
using Sha1Digest = std::array<std::byte, 20>;
using Sha256Digest = std::array<std::byte, 32>;

// Only for the long-term keys of RFC 8489 §9.2.2, which fix it.
Md5Digest md5(ByteView data);
Sha256Digest sha256(ByteView data);

}  // namespace icebreaker::crypto
