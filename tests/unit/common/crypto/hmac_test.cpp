#include "common/crypto/hmac.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "common/crypto/constant_time.hpp"
#include "common/crypto/digest.hpp"
#include "tests/support/hex.hpp"

namespace icebreaker::crypto {
namespace {

// RFC 1321 §A.5.
TEST(Digest, Md5MatchesTheRfcsSuite) {
  EXPECT_EQ(hex_of(md5({})), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex_of(md5(bytes_of("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
}

// FIPS 180-2 appendix B.
TEST(Digest, Sha256MatchesThePublishedExample) {
  EXPECT_EQ(hex_of(sha256(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 2202 §3, test cases 2 and 6.
TEST(Hmac, Sha1MatchesTheRfcsCases) {
  EXPECT_EQ(hex_of(hmac_sha1(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"))),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  const std::string long_key(80, '\xaa');
  EXPECT_EQ(hex_of(hmac_sha1(bytes_of(long_key),
                             bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

// RFC 4231 §4.3.
TEST(Hmac, Sha256MatchesTheRfcsCase) {
  EXPECT_EQ(hex_of(hmac_sha256(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hmac, TakesItsDataInParts) {
  const std::array parts{bytes_of("what do "), ByteView{}, bytes_of("ya want for nothing?")};

  EXPECT_EQ(hmac_sha1(bytes_of("Jefe"), parts),
            hmac_sha1(bytes_of("Jefe"), bytes_of("what do ya want for nothing?")));
}

TEST(Hmac, ForgetsTheKeyOfTheCallBefore) {
  const Sha1Digest with_empty_key = hmac_sha1({}, bytes_of("data"));
  const Sha1Digest with_key = hmac_sha1(bytes_of("key"), bytes_of("data"));

  EXPECT_EQ(hex_of(with_key), "104152c5bfdca07bc633eebd46199f0255c9f49d");
  EXPECT_EQ(hmac_sha1({}, bytes_of("data")), with_empty_key);
  EXPECT_NE(with_key, with_empty_key);
}

TEST(ConstantTimeEqual, ComparesLengthAndBytes) {
  EXPECT_TRUE(constant_time_equal(bytes_of("same"), bytes_of("same")));
  EXPECT_TRUE(constant_time_equal({}, {}));
  EXPECT_FALSE(constant_time_equal(bytes_of("same"), bytes_of("sane")));
  EXPECT_FALSE(constant_time_equal(bytes_of("same"), bytes_of("sam")));
}

}  // namespace
}  // namespace icebreaker::crypto
