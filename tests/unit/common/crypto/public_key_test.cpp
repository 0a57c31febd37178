#include "common/crypto/public_key.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "tests/support/key_pair.hpp"

namespace icebreaker::crypto {
namespace {

using namespace icebreaker::testing;

TEST(PublicKey, TellsWhatAKeyIsGoodFor) {
  EXPECT_EQ(inspect_public_key(make_rsa_key(2048).public_pem),
            (PublicKeyFacts{KeyKind::Rsa, 2048}));
  EXPECT_EQ(inspect_public_key(make_ec_key("P-256").public_pem),
            (PublicKeyFacts{KeyKind::EcP256, 256}));
  EXPECT_EQ(inspect_public_key(make_ec_key("P-384").public_pem),
            (PublicKeyFacts{KeyKind::Other, 384}));
}

TEST(PublicKey, SaysWhatIsThereInsteadOfOne) {
  const auto secret = inspect_public_key(make_ec_key("P-256").private_pem);
  ASSERT_FALSE(secret);
  EXPECT_TRUE(secret.error().starts_with("holds a private key"));
  EXPECT_TRUE(inspect_public_key("-----BEGIN CERTIFICATE-----\n")
                  .error()
                  .starts_with("holds a certificate"));
  EXPECT_TRUE(inspect_public_key("").error().starts_with("holds no public key"));
  EXPECT_TRUE(inspect_public_key("secret").error().starts_with("holds no public key"));
}

TEST(PublicKey, LeavesNoErrorBehind) {
  EXPECT_FALSE(inspect_public_key("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));

  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace icebreaker::crypto
