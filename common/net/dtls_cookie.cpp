#include "common/net/dtls_cookie.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "common/base/check.hpp"

namespace icebreaker::net {
namespace {

constexpr std::chrono::seconds kPeriod{30};

std::uint64_t period_of(MonoTime now) {
  return static_cast<std::uint64_t>(now.time_since_epoch() / kPeriod);
}

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's type for bytes.
unsigned char* raw(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}

const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

}  // namespace

DtlsCookies::DtlsCookies() {
  ICEBREAKER_CHECK(RAND_bytes(raw(secret_.data()), static_cast<int>(secret_.size())) == 1);
}

DtlsCookie DtlsCookies::make(MonoTime now, ByteView subject) const {
  return of_period(period_of(now), subject);
}

bool DtlsCookies::is_good(MonoTime now, ByteView subject, ByteView cookie) const {
  if (cookie.size() != kDtlsCookieBytes) return false;
  const auto equals = [&](const DtlsCookie& ours) {
    return CRYPTO_memcmp(ours.data(), cookie.data(), ours.size()) == 0;
  };
  const std::uint64_t period = period_of(now);
  return equals(of_period(period, subject)) || equals(of_period(period - 1, subject));
}

DtlsCookie DtlsCookies::of_period(std::uint64_t period, ByteView subject) const {
  // Two addresses, their ports, a socket and a client's random: always below this.
  std::array<std::byte, 128> message{};
  ByteWriter out{message};
  out.u64(period);
  out.bytes(subject);
  ICEBREAKER_CHECK(!out.failed());
  std::array<std::byte, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), raw(out.written().data()),
       out.written().size(), raw(digest.data()), &size);
  ICEBREAKER_CHECK(size >= kDtlsCookieBytes);
  DtlsCookie cookie{};
  std::copy_n(digest.begin(), cookie.size(), cookie.begin());
  return cookie;
}

}  // namespace icebreaker::net
