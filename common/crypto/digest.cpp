#include "common/crypto/digest.hpp"

#include <openssl/evp.h>

#include "common/base/check.hpp"

namespace icebreaker::crypto {
namespace {

template <class Digest>
Digest digest(const EVP_MD* algorithm, ByteView data) {
  Digest result{};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes unsigned chars.
  auto* out = reinterpret_cast<unsigned char*>(result.data());
  ICEBREAKER_CHECK(EVP_Digest(data.data(), data.size(), out, nullptr, algorithm, nullptr) == 1);
  return result;
}

}  // namespace

Md5Digest md5(ByteView data) {
  return digest<Md5Digest>(EVP_md5(), data);
}

Sha256Digest sha256(ByteView data) {
  return digest<Sha256Digest>(EVP_sha256(), data);
}

}  // namespace icebreaker::crypto
