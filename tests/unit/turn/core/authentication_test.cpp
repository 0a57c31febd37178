#include <gtest/gtest.h>

#include "common/base/hex.hpp"
#include "common/crypto/turn_rest.hpp"
#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::MessageBuilder;
using stun::Method;

class Authentication : public RelayFixture {
 protected:
  ReceivedReply allocate_as(const std::string& username, const std::string& password) {
    TurnClient each = client("203.0.113.77:1000", username, password);
    return exchange(each, each.allocate());
  }

  void admit_everybody() {
    relay_ = std::make_unique<Relay>(
        config_, RelayRules{Authenticator::anonymous("example.org"), PeerPolicy{{}}}, random_,
        quota_, reservations_);
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

TEST_F(Authentication, NamesTheReasonForTheOperatorOnly) {
  const auto rest_user = [&](std::string_view from, std::string_view secret,
                             std::chrono::seconds ttl) {
    const auto made = crypto::mint_turn_rest_credentials(secret, "carol", now_.wall + ttl);
    return client(from, made.username, made.password);
  };
  TurnClient stranger{"203.0.113.5:1", kAlice, kPassword};
  TurnClient foreigner = client("203.0.113.5:1");
  foreigner.replace_realm("elsewhere.org");
  const std::vector<std::pair<TurnClient, AuthFailure>> cases{
      {client("203.0.113.5:1", "mallory", "x"), AuthFailure::UnknownUser},
      {client("203.0.113.5:1", "mal\nory", "x"), AuthFailure::InvalidUsername},
      {client("203.0.113.5:1", kAlice, "x"), AuthFailure::WrongPassword},
      {rest_user("203.0.113.5:1", kSecret, -1s), AuthFailure::ExpiredCredential},
      {rest_user("203.0.113.5:1", "forgotten secret", 60s), AuthFailure::WrongSecret},
      {rest_user("203.0.113.5:1", "forgotten secret", -60s), AuthFailure::WrongSecret},
      {foreigner, AuthFailure::WrongRealm}};

  const ReceivedReply first = exchange(stranger, stranger.allocate());
  EXPECT_EQ(last_handled_.auth, AuthFailure::NoCredentials);
  for (auto [each, reason] : cases) {
    const ReceivedReply reply = exchange(each, each.allocate());
    EXPECT_EQ(last_handled_.auth, reason) << name_of(reason);
    // All but the transaction id.
    EXPECT_EQ(hex_of(ByteView{reply.bytes()}.subspan(20)),
              hex_of(ByteView{first.bytes()}.subspan(20)))
        << name_of(reason);
  }
}

TEST_F(Authentication, TellsTheOperatorWhoCameTooLateByHowMuch) {
  const auto made = crypto::mint_turn_rest_credentials(kSecret, "carol", now_.wall - 90s);
  TurnClient late = client("203.0.113.77:1000", made.username, made.password);

  const Bytes request = late.allocate();
  const auto handled = std::get<Handled>(deliver(late, request));

  EXPECT_EQ(handled.username, made.username);
  EXPECT_EQ(handled.expired_for, 90s);
}

// coturn GHSA-4g7c-p5wg-j4hp, #1870.
TEST_F(Authentication, TakesStrangeUsernamesForNobodys) {
  using namespace std::string_literals;
  const std::string rest = std::to_string(24 * 3600 * 366) + ":";
  const std::vector<std::pair<std::string, AuthFailure>> cases{
      {"%s%n", AuthFailure::UnknownUser},
      {std::string(508, 'x'), AuthFailure::UnknownUser},
      {std::string(509, 'x'), AuthFailure::InvalidUsername},
      {std::string(513, 'x'), AuthFailure::InvalidUsername},
      {std::string(763, 'x'), AuthFailure::InvalidUsername},
      {"alice\0"s, AuthFailure::InvalidUsername},
      {"", AuthFailure::InvalidUsername},
      {"\xC3\x28", AuthFailure::InvalidUsername},
      {rest + "\0"s, AuthFailure::InvalidUsername},
      {rest + "\xFF", AuthFailure::InvalidUsername},
      {rest + "\n", AuthFailure::InvalidUsername},
      {rest + std::string(513, 'x'), AuthFailure::InvalidUsername}};
  for (const auto& [username, reason] : cases) {
    TurnClient each =
        client("203.0.113.77:1000", username, crypto::turn_rest_password(kSecret, username));
    EXPECT_EQ(error_of(each, each.allocate()), 401) << hex_of(bytes_of(username));
    EXPECT_EQ(last_handled_.auth, reason) << hex_of(bytes_of(username));
  }

  const std::string harmless = rest + "%s%n";
  TurnClient carol =
      client("203.0.113.77:1000", harmless, crypto::turn_rest_password(kSecret, harmless));
  EXPECT_EQ(error_of(carol, carol.allocate()), 0);
  // RFC 8489 §14.3: parsers take up to 763 bytes.
  TurnClient endless = client("203.0.113.77:1001", std::string(764, 'x'), "x");
  EXPECT_EQ(error_of(endless, endless.allocate()), 400);
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
