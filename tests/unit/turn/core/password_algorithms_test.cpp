// PASSWORD-ALGORITHMS, MESSAGE-INTEGRITY-SHA256 and what protects them (RFC 8489 §9.2).
#include "turn/core/password_algorithms.hpp"

#include <gtest/gtest.h>

#include "common/crypto/hmac.hpp"
#include "tests/data/stun/rfc_vectors.hpp"
#include "tests/support/hex.hpp"
#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::MessageBuilder;
using stun::Method;
using stun::PasswordAlgorithmNumber;

constexpr stun::PasswordAlgorithmChoice kMd5{PasswordAlgorithmNumber::Md5, {}};
constexpr stun::PasswordAlgorithmChoice kSha256{PasswordAlgorithmNumber::Sha256, {}};

bool signs(const ReceivedReply& reply, ByteView key) {
  return stun::verify_message_integrity_sha256(reply.message(), key).has_value() &&
         reply.message().find(stun::AttributeType::MessageIntegritySha256)->size() == 32 &&
         !reply.message().has<stun::MessageIntegrity>();
}

class PasswordAlgorithms : public RelayFixture {
 protected:
  TurnClient modern_client(std::string_view from = "203.0.113.5:40000") {
    TurnClient made = client(from);
    made.sign_by_sha256();
    return made;
  }

  // Of a request with these instead of what was offered, and a signature by SHA-256.
  int error_with(const TurnClient::Step& attributes) {
    TurnClient alice = client();
    alice.sign_by([&](MessageBuilder& builder, const TurnClient& self) {
      attributes(builder, self);
      builder.add_message_integrity_sha256(self.sha256_key());
    });
    return error_of(alice, alice.allocate());
  }
};

TEST_F(PasswordAlgorithms, AreOfferedInChallengesTheBestFirst) {
  TurnClient stranger{"203.0.113.5:40000", kAlice, kPassword};

  const ReceivedReply challenge = exchange(stranger, stranger.allocate());

  EXPECT_EQ(challenge.message().get<stun::PasswordAlgorithms>(),
            (stun::PasswordAlgorithms::Value{kSha256, kMd5}));
  EXPECT_TRUE(challenge.message().get<stun::Nonce>()->starts_with("obMatJos2gAAA"));
  // With a realm of 11 bytes; what amplification a spoofed request of 28 bytes gets.
  EXPECT_EQ(challenge.bytes().size(), 96U);
}

TEST_F(PasswordAlgorithms, FitAChallengeWithTheLongestRealm) {
  RelayRules verbose = rules({});
  verbose.authenticator = Authenticator{Credentials{{.realm = std::string(127, 'r')}}, {}};
  relay_->reconfigure(std::move(verbose), effects_);
  TurnClient stranger{"203.0.113.5:40000", kAlice, kPassword};

  EXPECT_LE(exchange(stranger, stranger.allocate()).bytes().size(), 212U);
}

TEST_F(PasswordAlgorithms, Sha256MakesTheKeyOfRequestAndReply) {
  TurnClient alice = modern_client();

  const ReceivedReply reply = exchange(alice, alice.allocate());

  EXPECT_TRUE(reply.succeeded());
  EXPECT_TRUE(signs(reply, alice.sha256_key()));
  EXPECT_FALSE(reply.message().has<stun::Nonce>());
}

TEST_F(PasswordAlgorithms, SignEveryLaterReplyAndError) {
  TurnClient alice = modern_client();
  const Bytes allocate = alice.allocate();
  const Bytes other = alice.allocate();
  const auto key = alice.sha256_key();
  EXPECT_TRUE(signs(exchange(alice, allocate), key));

  EXPECT_TRUE(signs(exchange(alice, allocate), key)) << "retransmitted";
  EXPECT_TRUE(signs(exchange(alice, other), key)) << "437";
  EXPECT_TRUE(signs(exchange(alice, alice.create_permission({peer("127.0.0.1:1")})), key)) << "403";
  EXPECT_TRUE(signs(exchange(alice, alice.create_permission({})), key)) << "400";
  EXPECT_TRUE(signs(exchange(alice, alice.request(Method::Refresh,
                                                  [](MessageBuilder& builder) {
                                                    builder.add<stun::Priority>(1);
                                                  })),
                    key))
      << "420";
  EXPECT_TRUE(signs(exchange(alice, alice.refresh(0s)), key));
}

TEST_F(PasswordAlgorithms, Md5MayBeChosenAndIsSignedWithSha256) {
  TurnClient alice = client();
  alice.sign_by([](MessageBuilder& builder, const TurnClient& self) {
    builder.add<stun::PasswordAlgorithms>(offered_algorithms());
    builder.add<stun::PasswordAlgorithm>(kMd5);
    builder.add_message_integrity_sha256(self.key());
  });

  const ReceivedReply reply = exchange(alice, alice.allocate());

  EXPECT_TRUE(reply.succeeded());
  EXPECT_TRUE(signs(reply, alice.key()));
}

// RFC 8489 §9.2.4: the request may carry the weaker attribute all the same.
TEST_F(PasswordAlgorithms, AllowASignatureBySha1) {
  TurnClient alice = client();
  alice.sign_by([](MessageBuilder& builder, const TurnClient& self) {
    builder.add<stun::PasswordAlgorithms>(offered_algorithms());
    builder.add<stun::PasswordAlgorithm>(kSha256);
    builder.add_message_integrity(self.sha256_key());
  });

  EXPECT_TRUE(signs(exchange(alice, alice.allocate()), alice.sha256_key()));
}

TEST_F(PasswordAlgorithms, OfAnotherKindMakeAnotherKey) {
  EXPECT_EQ(error_with([](MessageBuilder& builder, const TurnClient&) {
              builder.add<stun::PasswordAlgorithms>(offered_algorithms());
              builder.add<stun::PasswordAlgorithm>(kMd5);
            }),
            401);
  EXPECT_EQ(error_with([](MessageBuilder&, const TurnClient&) {}), 401);
}

// RFC 8489 §9.2.4: as though PASSWORD-ALGORITHM were MD5, and a reply to match.
TEST_F(PasswordAlgorithms, AreNotNeededByOldClients) {
  TurnClient old = client();
  TurnClient half_way = client("203.0.113.5:40001");
  half_way.sign_by([](MessageBuilder& builder, const TurnClient& self) {
    builder.add_message_integrity_sha256(self.key());
  });

  for (TurnClient* each : {&old, &half_way}) {
    const ReceivedReply reply = exchange(*each, each->allocate());

    EXPECT_TRUE(reply.succeeded());
    EXPECT_TRUE(stun::verify_message_integrity(reply.message(), each->key()).has_value());
    EXPECT_FALSE(reply.message().has<stun::MessageIntegritySha256>());
  }
}

TEST_F(PasswordAlgorithms, ThatAreNotWhatWasOfferedAreAnsweredWith400) {
  using Value = stun::PasswordAlgorithms::Value;
  constexpr stun::PasswordAlgorithmChoice kUnknown{PasswordAlgorithmNumber{3}, {}};
  constexpr std::array kParameter{std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}};
  const stun::PasswordAlgorithmChoice with_parameter{PasswordAlgorithmNumber::Sha256, kParameter};
  const auto lists = [](const Value& list, const stun::PasswordAlgorithmChoice& choice) {
    return [list, choice](MessageBuilder& builder, const TurnClient&) {
      builder.add<stun::PasswordAlgorithms>(list).add<stun::PasswordAlgorithm>(choice);
    };
  };
  const std::vector<std::pair<std::string, TurnClient::Step>> cases{
      {"the best is missing", lists({kMd5}, kMd5)},
      {"the other is missing", lists({kSha256}, kSha256)},
      {"the order is another", lists({kMd5, kSha256}, kSha256)},
      {"there is one more", lists({kSha256, kMd5, kUnknown}, kSha256)},
      {"empty", lists({}, kSha256)},
      {"a parameter", lists({with_parameter, kMd5}, kSha256)},
      {"a choice with a parameter", lists({kSha256, kMd5}, with_parameter)},
      {"an unknown choice", lists({kSha256, kMd5}, kUnknown)},
      {"no list", [](MessageBuilder& builder,
                     const TurnClient&) { builder.add<stun::PasswordAlgorithm>(kSha256); }},
      {"no choice",
       [](MessageBuilder& builder, const TurnClient&) {
         builder.add<stun::PasswordAlgorithms>(offered_algorithms());
       }},
      {"a malformed list",
       [](MessageBuilder& builder, const TurnClient&) {
         builder.add_raw(stun::AttributeType::PasswordAlgorithms, bytes_of("\x01"));
         builder.add<stun::PasswordAlgorithm>(kSha256);
       }},
      {"a malformed choice", [](MessageBuilder& builder, const TurnClient&) {
         builder.add<stun::PasswordAlgorithms>(offered_algorithms());
         builder.add_raw(stun::AttributeType::PasswordAlgorithm, bytes_of("\x01"));
       }}};

  for (const auto& [name, attributes] : cases) {
    EXPECT_EQ(error_with(attributes), 400) << name;
    EXPECT_EQ(last_handled_.auth, AuthFailure::AlteredAlgorithms) << name;
    for (const stun::AttributeView& each : replies_.at(0).message()) {
      EXPECT_EQ(each.type, stun::AttributeType::ErrorCode) << name;
    }
  }
  EXPECT_EQ(relay_->allocations(), 0U);
}

// Who takes the offer out of a challenge must change its nonce too, and that shows.
TEST_F(PasswordAlgorithms, CannotBeTakenOutOfTheChallengeUnnoticed) {
  TurnClient alice = client();
  const std::string sent = *alice.nonce();
  for (const std::string cookie : {"obMatJos2AAAA", "obMatJos2QAAA", "obMatJos2wAAA",
                                   "obMatJos2gAAB", "obMatJos2????", "obMatJos3gAAA"}) {
    alice.replace_nonce(cookie + sent.substr(cookie.size()));
    EXPECT_EQ(error_of(alice, alice.allocate()), 438) << cookie;
    alice.replace_nonce(sent.substr(cookie.size()));
    EXPECT_EQ(error_of(alice, alice.allocate()), 438) << "no cookie";
  }

  alice.sign_by([](MessageBuilder& builder, const TurnClient& self) {
    builder.add<stun::PasswordAlgorithms>({kMd5});
    builder.add<stun::PasswordAlgorithm>(kMd5);
    builder.add_message_integrity_sha256(self.key());
  });
  alice.replace_nonce("obMatJos2AAAA" + sent.substr(13));
  EXPECT_EQ(error_of(alice, alice.allocate()), 438);
  EXPECT_EQ(relay_->allocations(), 0U);
}

// RFC 8489 §14.6: truncation only where the usage says so, and TURN does not.
TEST_F(PasswordAlgorithms, AllowNoTruncatedSignature) {
  for (const std::size_t kept : {0U, 12U, 16U, 20U, 24U, 28U, 31U}) {
    TurnClient alice = client();
    alice.sign_by([kept](MessageBuilder& builder, const TurnClient& self) {
      builder.add<stun::PasswordAlgorithms>(offered_algorithms());
      builder.add<stun::PasswordAlgorithm>(kSha256);
      Bytes covered = copy_of(builder.finish());
      const std::size_t end = covered.size() + stun::kAttributeHeaderBytes + kept;
      ByteWriter{MutableByteView{covered}.subspan(2)}.u16(
          static_cast<std::uint16_t>(end - stun::kHeaderBytes));
      const auto hmac = crypto::hmac_sha256(self.sha256_key(), covered);
      builder.add_raw(stun::AttributeType::MessageIntegritySha256, ByteView{hmac}.first(kept));
    });
    EXPECT_EQ(error_of(alice, alice.allocate()), 401) << kept;
  }
}

TEST_F(PasswordAlgorithms, LetTheStrongerOfTwoSignaturesCount) {
  const auto error_of_both = [&](std::string_view from, ByteView sha256_key) {
    TurnClient alice = client(from);
    alice.sign_by([sha256_key](MessageBuilder& builder, const TurnClient& self) {
      builder.add_message_integrity(self.key()).add_message_integrity_sha256(sha256_key);
    });
    return error_of(alice, alice.allocate());
  };

  EXPECT_EQ(error_of_both("203.0.113.5:1", crypto::Md5Digest{}), 401);
  EXPECT_EQ(error_of_both("203.0.113.5:1", client().key()), 0);
}

// Behind MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT count.
TEST_F(PasswordAlgorithms, BehindTheSignatureDoNotCount) {
  TurnClient alice = client();
  alice.sign_by([](MessageBuilder& builder, const TurnClient& self) {
    builder.add_message_integrity(self.key());
    builder.add<stun::PasswordAlgorithms>({kMd5});
    builder.add<stun::PasswordAlgorithm>(kSha256);
    builder.add<stun::Lifetime>(0s);
    builder.add_message_integrity_sha256(self.key());
    builder.add<stun::Userhash>({});
    builder.add_fingerprint();
  });

  const ReceivedReply reply = exchange(alice, alice.allocate());

  EXPECT_EQ(reply.message().get<stun::Lifetime>(), 600s);
  EXPECT_TRUE(stun::verify_message_integrity(reply.message(), alice.key()).has_value());
}

// Their nonces are none of ours, and that is all that is wrong with them.
TEST(Authenticator, GetsAsFarAsTheNonceWithTheSamplesOfTheRfcs) {
  namespace data = icebreaker::test_data;
  const Authenticator authenticator{
      Credentials{{.realm = std::string{data::kLongTermRealm},
                   .users = {{std::string{data::kLongTermUsername},
                              std::string{data::kLongTermPassword}}}}},
      {}};
  for (const auto& hex : {data::kRfc5769LongTermRequest, data::kRfc8489Sha256Request}) {
    const Bytes bytes = bytes_of_hex(hex);

    const auto outcome =
        authenticator.authenticate(Now{}, FiveTuple{}, stun::MessageView::parse(bytes).value(), {});

    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().reason, AuthFailure::StaleNonce);
    EXPECT_EQ(outcome.error().username, data::kLongTermUsername);
  }
}

}  // namespace
}  // namespace icebreaker::turn::test
