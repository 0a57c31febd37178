#include "turn/core/nonce.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/hex.hpp"
#include "common/base/parse_number.hpp"
#include "common/crypto/base64.hpp"
#include "common/crypto/constant_time.hpp"
#include "common/crypto/hmac.hpp"

namespace icebreaker::turn {
namespace {

// Behind the cookie: 8 hexadecimal digits of the issue time in seconds, and 15 base64 digits, which
// are 90 bits, of the HMAC. Together a multiple of 4, so that a challenge has no padding for it.
constexpr std::size_t kCookieBytes = SecurityFeatures::kCookieBytes;
constexpr std::size_t kTimeDigits = 8;
constexpr std::size_t kMacBytes = 12;
constexpr std::size_t kMacDigits = 15;
static_assert(NonceMaker::kTextBytes == kCookieBytes + kTimeDigits + kMacDigits);

std::uint32_t seconds_of(MonoTime time) {
  const auto since_start =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  return static_cast<std::uint32_t>(since_start.count());
}

}  // namespace

NonceMaker::Text NonceMaker::text_at(std::uint32_t issued_at, const ClientAddress& client) const {
  std::array<std::byte, 4 + 16 + 2> data{};
  ByteWriter out{data};
  out.u32(issued_at);
  out.bytes(client.value.ip.bytes());
  out.u16(client.value.port);
  const auto mac = crypto::hmac_sha256(secret_, out.written());

  Text text{};
  std::ranges::copy(features_.cookie(), text.begin());
  const auto digits = std::span{text}.subspan(kCookieBytes);
  put_hex(digits.first(kTimeDigits), out.written().first(4));
  const std::string mac_text = crypto::base64_encode(ByteView{mac}.first(kMacBytes));
  std::ranges::copy(std::string_view{mac_text}.substr(0, kMacDigits),
                    digits.subspan(kTimeDigits).begin());
  return text;
}

NonceMaker::Text NonceMaker::make(MonoTime now, const ClientAddress& client) const {
  return text_at(seconds_of(now), client);
}

bool NonceMaker::valid(std::string_view nonce, MonoTime now, const ClientAddress& client) const {
  if (nonce.size() != kTextBytes) return false;
  const auto issued_at = parse_number<std::uint32_t>(nonce.substr(kCookieBytes, kTimeDigits), 16);
  if (!issued_at) return false;
  // Unsigned arithmetic: a time in the future is a huge age.
  const std::uint32_t age = seconds_of(now) - *issued_at;
  if (age >= kNonceLifetime.count()) return false;
  const Text expected = text_at(*issued_at, client);
  return crypto::constant_time_equal(bytes_of({expected.data(), expected.size()}), bytes_of(nonce));
}

}  // namespace icebreaker::turn
