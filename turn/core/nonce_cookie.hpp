// The beginning of every NONCE (RFC 8489 §9.2): it tells the client what the server can do in a way
// that nobody on the path can take out unnoticed (§9.2.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace icebreaker::turn {

// RFC 8489 §18.1, as bits of a 24-bit number whose most significant bit is bit 0 of the RFC.
enum class SecurityFeature : std::uint32_t {
  PasswordAlgorithms = 1U << 23U,
  UsernameAnonymity = 1U << 22U,
};

class SecurityFeatures {
 public:
  SecurityFeatures() = default;

  [[nodiscard]] SecurityFeatures with(SecurityFeature feature) const {
    SecurityFeatures more = *this;
    more.bits_ |= static_cast<std::uint32_t>(feature);
    return more;
  }

  [[nodiscard]] bool has(SecurityFeature feature) const {
    return (bits_ & static_cast<std::uint32_t>(feature)) != 0;
  }

  static constexpr std::size_t kCookieBytes = 13;

  [[nodiscard]] std::array<char, kCookieBytes> cookie() const;

  // Of any NONCE; nothing when it does not begin with a cookie.
  static std::optional<SecurityFeatures> in_nonce(std::string_view nonce);

 private:
  std::uint32_t bits_ = 0;
};

}  // namespace icebreaker::turn
