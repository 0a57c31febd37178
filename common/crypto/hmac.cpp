#include "common/crypto/hmac.hpp"

#include <array>
#include <memory>
#include <string>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "common/base/check.hpp"

namespace icebreaker::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

using Context = std::unique_ptr<EVP_MAC_CTX, FreeContext>;

const unsigned char* raw(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes unsigned chars.
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Looking algorithms up by name takes locks shared by all threads, so a context that knows its
// digest but no key is made once and copied for each message.
Context keyless(const char* digest_name) {
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  ICEBREAKER_CHECK(algorithm != nullptr);
  Context context{EVP_MAC_CTX_new(algorithm)};
  EVP_MAC_free(algorithm);
  ICEBREAKER_CHECK(context != nullptr);
  std::string name{digest_name};
  const std::array parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
      OSSL_PARAM_construct_end()};
  ICEBREAKER_CHECK(EVP_MAC_CTX_set_params(context.get(), parameters.data()) == 1);
  return context;
}

template <class Digest>
Digest hmac(const EVP_MAC_CTX* algorithm, ByteView key, std::span<const ByteView> parts) {
  const Context context{EVP_MAC_CTX_dup(algorithm)};
  // A null key would mean "keep the key": an empty one still needs an address.
  static constexpr unsigned char kNoByte = 0;
  const unsigned char* key_bytes = key.empty() ? &kNoByte : raw(key);
  bool done =
      context != nullptr && EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1;
  for (const ByteView part : parts) {
    done = done && EVP_MAC_update(context.get(), raw(part), part.size()) == 1;
  }
  Digest result{};
  std::size_t size = 0;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL takes unsigned chars.
  auto* out = reinterpret_cast<unsigned char*>(result.data());
  done = done && EVP_MAC_final(context.get(), out, &size, result.size()) == 1;
  ICEBREAKER_CHECK(done && size == result.size());
  return result;
}

}  // namespace

Sha1Digest hmac_sha1(ByteView key, ByteView data) {
  return hmac_sha1(key, std::span{&data, 1});
}

Sha256Digest hmac_sha256(ByteView key, ByteView data) {
  return hmac_sha256(key, std::span{&data, 1});
}

Sha1Digest hmac_sha1(ByteView key, std::span<const ByteView> parts) {
  static const Context kAlgorithm = keyless("SHA1");
  return hmac<Sha1Digest>(kAlgorithm.get(), key, parts);
}

Sha256Digest hmac_sha256(ByteView key, std::span<const ByteView> parts) {
  static const Context kAlgorithm = keyless("SHA256");
  return hmac<Sha256Digest>(kAlgorithm.get(), key, parts);
}

}  // namespace icebreaker::crypto
