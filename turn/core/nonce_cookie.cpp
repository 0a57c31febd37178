#include "turn/core/nonce_cookie.hpp"

#include <algorithm>
#include <string>

#include "common/base/bytes.hpp"
#include "common/crypto/base64.hpp"

namespace icebreaker::turn {
namespace {

constexpr std::string_view kPrefix = "obMatJos2";
constexpr std::size_t kBitBytes = 3;

}  // namespace

std::array<char, SecurityFeatures::kCookieBytes> SecurityFeatures::cookie() const {
  std::array<std::byte, kBitBytes> bits{};
  ByteWriter out{bits};
  out.u8(static_cast<std::uint8_t>(bits_ >> 16U));
  out.u16(static_cast<std::uint16_t>(bits_));
  std::array<char, kCookieBytes> cookie{};
  const auto rest = std::ranges::copy(kPrefix, cookie.begin()).out;
  std::ranges::copy(crypto::base64_encode(bits), rest);
  return cookie;
}

std::optional<SecurityFeatures> SecurityFeatures::in_nonce(std::string_view nonce) {
  if (nonce.size() < kCookieBytes || !nonce.starts_with(kPrefix)) return std::nullopt;
  const auto bits =
      crypto::base64_decode(nonce.substr(kPrefix.size(), kCookieBytes - kPrefix.size()));
  if (!bits || bits->size() != kBitBytes) return std::nullopt;
  SecurityFeatures features;
  ByteReader in{*bits};
  features.bits_ = static_cast<std::uint32_t>(in.u8()) << 16U;
  features.bits_ |= in.u16();
  return features;
}

}  // namespace icebreaker::turn
