// Cookies that prove a client's address without anything kept of it (RFC 6347 §4.2.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/bytes.hpp"
#include "common/base/time.hpp"

namespace icebreaker::net {

// Short, so that the answer to a spoofed ClientHello is smaller than it.
inline constexpr std::size_t kDtlsCookieBytes = 20;
using DtlsCookie = std::array<std::byte, kDtlsCookieBytes>;

class DtlsCookies {
 public:
  // With a secret of its own.
  DtlsCookies();

  // `subject`: where the client is and what it said. Good for 30 to 60 s.
  [[nodiscard]] DtlsCookie make(MonoTime now, ByteView subject) const;
  [[nodiscard]] bool is_good(MonoTime now, ByteView subject, ByteView cookie) const;

 private:
  [[nodiscard]] DtlsCookie of_period(std::uint64_t period, ByteView subject) const;

  std::array<std::byte, 32> secret_{};
};

}  // namespace icebreaker::net
