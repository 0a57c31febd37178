// Nonces that the server does not remember: issue time and an HMAC over it and the client's
// address. Whoever presents a good one has proved that replies reach that address.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/address.hpp"
#include "common/base/time.hpp"
#include "turn/core/nonce_cookie.hpp"

namespace icebreaker::turn {

// Random for each process and shared by its workers: a client may move between them.
using NonceSecret = std::array<std::byte, 32>;

// RFC 8656 §5 wants a change at least every hour while an allocation lives.
inline constexpr std::chrono::seconds kNonceLifetime{3600};

class NonceMaker {
 public:
  // A nonce that was made when the server had other features is not valid any more.
  NonceMaker(const NonceSecret& secret, SecurityFeatures features)
      : secret_{secret}, features_{features} {}

  static constexpr std::size_t kTextBytes = 36;
  using Text = std::array<char, kTextBytes>;

  [[nodiscard]] Text make(MonoTime now, const ClientAddress& client) const;

  // True for a nonce of ours to that client that has not expired.
  [[nodiscard]] bool valid(std::string_view nonce, MonoTime now, const ClientAddress& client) const;

 private:
  [[nodiscard]] Text text_at(std::uint32_t issued_at, const ClientAddress& client) const;

  NonceSecret secret_;
  SecurityFeatures features_;
};

}  // namespace icebreaker::turn
