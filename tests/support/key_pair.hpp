// Fresh key pairs in PEM form.
#pragma once

#include <array>
#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace icebreaker::testing {

struct KeyPair {
  std::string private_pem;
  std::string public_pem;
};

inline KeyPair pem_of(EVP_PKEY* made) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{made, EVP_PKEY_free};
  const auto text_of = [](auto write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new(BIO_s_mem()), BIO_free};
    write(bio.get());
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return std::string{data, static_cast<std::size_t>(size)};
  };
  return {text_of([&](BIO* bio) {
            PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          }),
          text_of([&](BIO* bio) { PEM_write_bio_PUBKEY(bio, key.get()); })};
}

inline KeyPair make_rsa_key(unsigned bits) {
  return pem_of(EVP_RSA_gen(bits));
}

inline KeyPair make_ec_key(const char* curve) {
  return pem_of(EVP_EC_gen(curve));
}

}  // namespace icebreaker::testing
