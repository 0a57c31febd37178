#include "common/crypto/public_key.hpp"

#include <array>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

namespace icebreaker::crypto {
namespace {

using Bio = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free(bio); })>;
using Key = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* key) { EVP_PKEY_free(key); })>;

KeyKind kind_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return KeyKind::Rsa;
  if (EVP_PKEY_is_a(key, "EC") != 1) return KeyKind::Other;
  std::array<char, 64> group{};
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1) {
    return KeyKind::Other;
  }
  return OBJ_sn2nid(group.data()) == NID_X9_62_prime256v1 ? KeyKind::EcP256 : KeyKind::Other;
}

}  // namespace

std::expected<PublicKeyFacts, std::string> inspect_public_key(std::string_view pem) {
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos) {
    return std::unexpected("holds a private key; give the public one (openssl pkey -pubout)");
  }
  if (pem.find("CERTIFICATE-----") != std::string_view::npos) {
    return std::unexpected("holds a certificate; give its key (openssl x509 -pubkey -noout)");
  }
  const Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  const Key key{bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr};
  forget_openssl_errors();
  if (!key) return std::unexpected("holds no public key in PEM form (-----BEGIN PUBLIC KEY-----)");
  return PublicKeyFacts{kind_of(key.get()), static_cast<unsigned>(EVP_PKEY_get_bits(key.get()))};
}

void forget_openssl_errors() {
  ERR_clear_error();
}

}  // namespace icebreaker::crypto
