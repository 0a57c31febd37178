#include <gtest/gtest.h>

#include "common/crypto/hmac.hpp"
#include "common/crypto/turn_rest.hpp"
#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::MessageBuilder;
using stun::Method;

constexpr std::string_view kCookie = "obMatJos2AAAA";

class Authentication : public RelayFixture {
 protected:
  ReceivedReply allocate_as(const std::string& username, const std::string& password) {
    TurnClient each = client("203.0.113.77:1000", username, password);
    return exchange(each, each.allocate());
  }

  void admit_everybody() {
    relay_ = std::make_unique<Relay>(
        config_, RelayRules{Authenticator::anonymous("example.org"), PeerPolicy{{}}}, random_,
        quota_);
  }

  ReceivedReply allocate_with_rest(std::string_view secret, std::chrono::seconds ttl) {
    const auto made = crypto::mint_turn_rest_credentials(secret, "carol", now_.wall + ttl);
    return allocate_as(made.username, made.password);
  }
};

TEST_F(Authentication, ChallengesARequestWithoutCredentialsWith401) {
  TurnClient stranger{"203.0.113.5:40000", kAlice, kPassword};

  const ReceivedReply reply = exchange(stranger, stranger.allocate());

  EXPECT_EQ(reply.error(), 401);
  EXPECT_EQ(reply.message().get<stun::Realm>(), "example.org");
  EXPECT_FALSE(reply.message().get<stun::Nonce>()->empty());
  EXPECT_FALSE(reply.message().has<stun::MessageIntegrity>());
}

TEST_F(Authentication, AnswersIntegrityWithoutTheOtherAttributesWith400) {
  TurnClient alice = client();
  const Bytes without_nonce = [&] {
    std::array<std::byte, 512> buffer{};
    MessageBuilder builder{buffer, stun::MessageClass::Request, Method::Allocate, {}};
    builder.add<stun::Username>(kAlice).add<stun::Realm>("example.org");
    builder.add_message_integrity(alice.key());
    return copy_of(builder.finish());
  }();

  const ReceivedReply reply = exchange(alice, without_nonce);

  EXPECT_EQ(reply.error(), 400);
  EXPECT_FALSE(reply.message().has<stun::Nonce>());
}

TEST_F(Authentication, AcceptsStaticUsersAndRefusesTheRest) {
  EXPECT_EQ(allocate_as(kAlice, "wrong").error(), 401);
  EXPECT_EQ(allocate_as("mallory", kPassword).error(), 401);
  EXPECT_EQ(allocate_as("", "").error(), 401);
  EXPECT_EQ(allocate_as(kAlice, kPassword).error(), 0);
}

TEST_F(Authentication, AcceptsCredentialsOfEverySecretUntilTheyExpire) {
  EXPECT_EQ(allocate_with_rest("unknown secret", 60s).error(), 401);
  EXPECT_EQ(allocate_with_rest(kSecret, 0s).error(), 401);
  EXPECT_EQ(allocate_with_rest(kSecret, 60s).error(), 0);
  advance(600s);
  EXPECT_EQ(allocate_with_rest("old secret", 60s).error(), 0);
}

TEST_F(Authentication, KeepsAnAllocationBeyondTheExpiryOfTheCredentialThatMadeIt) {
  const auto made = crypto::mint_turn_rest_credentials(kSecret, "carol", now_.wall + 60s);
  TurnClient carol = client("203.0.113.77:1000", made.username, made.password);
  EXPECT_EQ(error_of(carol, carol.allocate()), 0);
  advance(120s);

  EXPECT_EQ(error_of(carol, carol.refresh(600s)), 0);
  EXPECT_EQ(error_of(carol, carol.create_permission({peer("8.8.8.8:1")})), 0);

  TurnClient elsewhere = client("203.0.113.77:1001", made.username, made.password);
  EXPECT_EQ(error_of(elsewhere, elsewhere.allocate()), 401);
  EXPECT_EQ(error_of(carol, carol.refresh(0s)), 0);
  EXPECT_EQ(error_of(carol, carol.allocate()), 401);
}

TEST_F(Authentication, SignsRepliesWithTheSecretThatTheClientUsed) {
  const auto made = crypto::mint_turn_rest_credentials(kSecret, "carol", now_.wall + 60s);
  TurnClient carol = client("203.0.113.77:1000", made.username, made.password);

  const ReceivedReply reply = exchange(carol, carol.allocate());

  EXPECT_TRUE(stun::verify_message_integrity(reply.message(), carol.key()).has_value());
}

TEST_F(Authentication, NamesTheReasonForTheOperator) {
  const auto reason = [&](TurnClient& each) {
    return std::get<Handled>(deliver(each, each.allocate())).auth;
  };
  TurnClient stranger{"203.0.113.5:1", kAlice, kPassword};
  TurnClient unknown = client("203.0.113.5:2", "mallory", "x");
  TurnClient guesser = client("203.0.113.5:3", kAlice, "x");
  const auto old = crypto::mint_turn_rest_credentials(kSecret, "carol", now_.wall - 1s);
  TurnClient late = client("203.0.113.5:4", old.username, old.password);
  TurnClient foreigner = client("203.0.113.5:5");
  foreigner.replace_realm("elsewhere.org");

  EXPECT_EQ(reason(stranger), AuthFailure::NoCredentials);
  EXPECT_EQ(reason(unknown), AuthFailure::UnknownUser);
  EXPECT_EQ(reason(guesser), AuthFailure::WrongPassword);
  EXPECT_EQ(reason(late), AuthFailure::ExpiredCredential);
  EXPECT_EQ(reason(foreigner), AuthFailure::WrongRealm);
}

TEST_F(Authentication, AnswersAnExpiredNonceWith438AndAFreshOne) {
  TurnClient alice = client();
  advance(kNonceLifetime - 1s);
  EXPECT_EQ(error_of(alice, alice.request(Method::Allocate)), 400);

  advance(1s);
  const ReceivedReply stale = exchange(alice, alice.allocate());
  EXPECT_EQ(stale.error(), 438);
  alice.learn(stale.message());
  EXPECT_EQ(error_of(alice, alice.allocate()), 0);
}

TEST_F(Authentication, BindsTheNonceToTheClientsAddress) {
  const TurnClient alice = client("203.0.113.5:40000");
  TurnClient thief = client("203.0.113.6:40000");
  thief.replace_nonce(*alice.nonce());

  EXPECT_EQ(error_of(thief, thief.allocate()), 438);
}

TEST_F(Authentication, RefusesNoncesThatAreNotItsOwn) {
  TurnClient alice = client();
  std::string forged = *alice.nonce();
  forged.back() = forged.back() == '0' ? '1' : '0';
  std::string from_the_future = *alice.nonce();
  from_the_future.at(kCookie.size()) = 'f';
  std::string other_features = *alice.nonce();
  other_features.at(kCookie.size() - 4) = 'w';

  for (const std::string& nonce : {forged, from_the_future, other_features, std::string{},
                                   std::string{"x"}, std::string(alice.nonce()->size(), 'z')}) {
    alice.replace_nonce(nonce);
    EXPECT_EQ(error_of(alice, alice.allocate()), 438) << nonce;
  }
}

// RFC 8489 §9.2.
TEST_F(Authentication, TellsInTheNonceThatItSupportsRfc8489WithoutSecurityFeatures) {
  EXPECT_TRUE(client().nonce()->starts_with(kCookie));
}

TEST_F(Authentication, TakesTheStrongerSignatureOfARequest) {
  const TurnClient::Sign wrong = [](MessageBuilder& builder, const TurnClient&) {
    builder.add_message_integrity_sha256(crypto::Md5Digest{});
  };
  const TurnClient::Sign sha256 = [](MessageBuilder& builder, const TurnClient& self) {
    builder.add_message_integrity_sha256(self.key());
  };
  // Right as far as it goes.
  const TurnClient::Sign truncated = [](MessageBuilder& builder, const TurnClient& self) {
    constexpr std::size_t kKept = 16;
    Bytes covered = copy_of(builder.finish());
    const std::size_t end = covered.size() + stun::kAttributeHeaderBytes + kKept;
    ByteWriter{MutableByteView{covered}.subspan(2)}.u16(
        static_cast<std::uint16_t>(end - stun::kHeaderBytes));
    const auto hmac = crypto::hmac_sha256(self.key(), covered);
    builder.add_raw(stun::AttributeType::MessageIntegritySha256, ByteView{hmac}.first(kKept));
  };
  const auto after_sha1 = [](const TurnClient::Sign& second) {
    return [second](MessageBuilder& builder, const TurnClient& self) {
      builder.add_message_integrity(self.key());
      second(builder, self);
    };
  };
  TurnClient alice = client();
  const auto error_with = [&](const TurnClient::Sign& sign) {
    alice.sign_by(sign);
    return error_of(alice, alice.allocate());
  };

  EXPECT_EQ(error_with(wrong), 401);
  EXPECT_EQ(error_with(truncated), 401);
  EXPECT_EQ(error_with(after_sha1(wrong)), 401);
  EXPECT_EQ(error_with(sha256), 0);
  EXPECT_EQ(error_with(after_sha1(sha256)), 437);
}

// RFC 8489 §9.2.4: as for every key by MD5.
TEST_F(Authentication, SignsTheReplyToSha256WithSha1) {
  TurnClient alice = client();
  alice.sign_by([](MessageBuilder& builder, const TurnClient& self) {
    builder.add_message_integrity_sha256(self.key());
  });

  const ReceivedReply reply = exchange(alice, alice.allocate());

  EXPECT_TRUE(stun::verify_message_integrity(reply.message(), alice.key()).has_value());
  EXPECT_FALSE(reply.message().has<stun::MessageIntegritySha256>());
}

TEST_F(Authentication, RefusesOtherUsersOfAnAllocationWith441) {
  TurnClient alice = allocated_client();
  alice.become("bob", "b");

  EXPECT_EQ(error_of(alice, alice.refresh(0s)), 441);
  EXPECT_EQ(error_of(alice, alice.create_permission({peer("8.8.8.8:1")})), 441);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1"))), 441);
  EXPECT_EQ(error_of(alice, alice.allocate()), 437);
  EXPECT_EQ(relay_->allocations(), 1U);
}

TEST_F(Authentication, ChangesNothingForWrongCredentials) {
  TurnClient alice = allocated_client();
  alice.become(kAlice, "wrong");
  replies_.clear();
  history_.clear();

  for (const Bytes& request : {alice.refresh(0s), alice.create_permission({peer("8.8.8.8:1")}),
                               alice.channel_bind(0x4000, peer("8.8.8.8:1"))}) {
    EXPECT_EQ(error_of(alice, request), 401);
  }
  for (const Effect& each : history_) EXPECT_TRUE(std::holds_alternative<effect::Reply>(each));
  EXPECT_EQ(std::get<Drop>(deliver(alice, alice.send_indication(peer("8.8.8.8:1"), "x"))),
            Drop::NoPermission);
}

// coturn @ab762f33: attributes behind the signature must not count.
TEST_F(Authentication, IgnoresAttributesBehindTheSignature) {
  TurnClient alice = allocated_client();
  Bytes request = alice.request(Method::Refresh);
  constexpr std::array kZeroLifetime{std::byte{0}, std::byte{0x0D}, std::byte{0}, std::byte{4},
                                     std::byte{0}, std::byte{0},    std::byte{0}, std::byte{0}};
  request.insert(request.end(), kZeroLifetime.begin(), kZeroLifetime.end());
  ByteWriter{MutableByteView{request}.subspan(2)}.u16(
      static_cast<std::uint16_t>(request.size() - stun::kHeaderBytes));

  const ReceivedReply reply = exchange(alice, request);

  EXPECT_EQ(reply.message().get<stun::Lifetime>(), 600s);
  EXPECT_EQ(relay_->allocations(), 1U);
}

TEST_F(Authentication, KeepsChallengesSmall) {
  TurnClient stranger{"203.0.113.5:40000", kAlice, kPassword};

  const Bytes request = stranger.allocate();

  EXPECT_LE(exchange(stranger, request).bytes().size(), 4 * request.size());
}

// coturn #1588, #1957: a flood with somebody's source address must not be reflected there.
TEST_F(Authentication, ChallengesTheStrangersOfANetworkOnlySoOften) {
  TurnClient alice = allocated_client("203.0.113.5:40000");
  advance(10s);
  const auto challenged_of_1000 = [&](const std::string& network, const std::string& rest) {
    int challenged = 0;
    for (int i = 0; i < 1000; ++i) {
      std::string from = network;
      from.append(std::to_string(i % 250)).append(rest);
      TurnClient stranger{from, "", ""};
      const ClientVerdict verdict = deliver(stranger, stranger.allocate());
      if (std::holds_alternative<Handled>(verdict)) ++challenged;
    }
    return challenged;
  };

  EXPECT_EQ(challenged_of_1000("203.0.113.", ":1"), 200);
  EXPECT_EQ(challenged_of_1000("203.0.113.", ":2"), 0);
  EXPECT_EQ(challenged_of_1000("203.0.112.", ":1"), 200);
  EXPECT_EQ(challenged_of_1000("[2606:4700:0:1100::", "]:1"), 200);
  EXPECT_EQ(challenged_of_1000("[2606:4700:0:11ff::", "]:1"), 0);
  EXPECT_EQ(error_of(alice, alice.refresh(600s)), 0);
  advance(1s);
  EXPECT_EQ(challenged_of_1000("203.0.113.", ":1"), 100);
}

TEST_F(Authentication, AnonymousModeTakesEverybodyAndSignsNothing) {
  admit_everybody();
  TurnClient stranger{"203.0.113.5:40000", "", ""};

  const ReceivedReply reply = exchange(stranger, stranger.allocate());

  EXPECT_TRUE(reply.succeeded());
  EXPECT_FALSE(reply.message().has<stun::MessageIntegrity>());
}

TEST_F(Authentication, AnonymousModeHasAQuotaForEachHost) {
  admit_everybody();
  quota_.set_limits({.allocations_per_user = 2});
  const auto allocate_from = [&](std::string_view from) {
    TurnClient stranger{from, "", ""};
    return error_of(stranger, stranger.allocate());
  };

  EXPECT_EQ(allocate_from("203.0.113.5:1"), 0);
  EXPECT_EQ(allocate_from("203.0.113.5:2"), 0);
  EXPECT_EQ(allocate_from("203.0.113.5:3"), 486);
  EXPECT_EQ(allocate_from("203.0.113.6:1"), 0);
  EXPECT_EQ(allocate_from("[2001:db8::1]:1"), 0);
  EXPECT_EQ(allocate_from("[2001:db8::2]:1"), 0);
  EXPECT_EQ(allocate_from("[2001:db8::3]:1"), 486);
  EXPECT_EQ(allocate_from("[2001:db8:0:1::1]:1"), 0);
  advance(600s);
  EXPECT_EQ(quota_.users(), 0U);
}

}  // namespace
}  // namespace icebreaker::turn::test
