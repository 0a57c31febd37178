// USERHASH in place of USERNAME (RFC 8489 §9.2.4, §14.4).
#include <gtest/gtest.h>

#include "common/crypto/turn_rest.hpp"
#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::MessageBuilder;

class Userhash : public RelayFixture {
 protected:
  void admit_static_users_only() {
    RelayRules known = rules({});
    known.authenticator = Authenticator{
        Credentials{{.realm = "example.org", .users = {{kAlice, kPassword}, {"bob", "b"}}}},
        NonceSecret{std::byte{7}}};
    relay_->reconfigure(std::move(known), effects_);
  }

  TurnClient hidden_client(std::string_view from = "203.0.113.5:40000") {
    TurnClient made = client(from);
    made.name_by_userhash();
    made.sign_by_sha256();
    return made;
  }

  int error_named_by(const TurnClient::Step& name) {
    TurnClient alice = hidden_client();
    alice.name_by(name);
    return error_of(alice, alice.allocate());
  }
};

// RFC 8489 §9.2.5: whoever reads this in a nonce must not send USERNAME, which REST users must.
TEST_F(Userhash, IsAskedForOnlyWhereEveryUserCanBeFoundByIt) {
  EXPECT_TRUE(client().nonce()->starts_with("obMatJos2gAAA"));
  admit_static_users_only();
  EXPECT_TRUE(client().nonce()->starts_with("obMatJos2wAAA"));
}

TEST_F(Userhash, StandsForAStaticUser) {
  admit_static_users_only();
  TurnClient alice = hidden_client();

  const ReceivedReply reply = exchange(alice, alice.allocate());

  EXPECT_TRUE(reply.succeeded());
  EXPECT_TRUE(
      stun::verify_message_integrity_sha256(reply.message(), alice.sha256_key()).has_value());
  EXPECT_FALSE(reply.message().has<stun::Username>());
  EXPECT_FALSE(reply.message().has<stun::Userhash>());
  EXPECT_EQ(error_of(alice, alice.refresh(0s)), 0);
  EXPECT_EQ(seen<effect::AllocationEnded>().at(0).username, kAlice);
}

TEST_F(Userhash, IsTakenFromStaticUsersBesideRestSecretsToo) {
  TurnClient alice = hidden_client();

  EXPECT_EQ(error_of(alice, alice.allocate()), 0);
}

TEST_F(Userhash, IsTheSameUserAsTheName) {
  quota_.set_limits({.allocations_per_user = 1});
  TurnClient alice = allocated_client();
  alice.name_by_userhash();
  TurnClient bob = hidden_client("203.0.113.5:40001");
  bob.become("bob", "b");
  EXPECT_EQ(error_of(bob, bob.allocate()), 0);

  EXPECT_EQ(error_of(alice, alice.refresh(600s)), 0);
  TurnClient elsewhere = hidden_client("203.0.113.5:40002");
  EXPECT_EQ(error_of(elsewhere, elsewhere.allocate()), 486);
  alice.become("bob", "b");
  EXPECT_EQ(error_of(alice, alice.refresh(600s)), 441);
}

TEST_F(Userhash, OfARestUserIsNobodys) {
  const auto made = crypto::mint_turn_rest_credentials(kSecret, "carol", now_.wall + 60s);
  TurnClient carol = hidden_client();
  carol.become(made.username, made.password);

  const ReceivedReply reply = exchange(carol, carol.allocate());

  EXPECT_EQ(reply.error(), 401);
  EXPECT_EQ(last_handled_.auth, AuthFailure::UnknownUser);
  EXPECT_TRUE(reply.message().has<stun::PasswordAlgorithms>());
}

TEST_F(Userhash, OfNobodyIsAnsweredWith401EvenWhenSignedWithAnEmptyKey) {
  EXPECT_EQ(error_named_by([](MessageBuilder& builder, const TurnClient&) {
              builder.add<stun::Userhash>({});
            }),
            401);
  TurnClient guesser = hidden_client();
  guesser.become("nobody", "");
  guesser.sign_by([](MessageBuilder& builder, const TurnClient&) {
    builder.add_message_integrity(crypto::Sha256Digest{});
  });
  EXPECT_EQ(error_of(guesser, guesser.allocate()), 401);
  EXPECT_EQ(last_handled_.auth, AuthFailure::UnknownUser);
}

TEST_F(Userhash, BesideAUsernameOrMalformedIsAnsweredWith400) {
  EXPECT_EQ(error_named_by([](MessageBuilder& builder, const TurnClient&) {
              builder.add<stun::Username>(kAlice);
              builder.add<stun::Userhash>(crypto::userhash(kAlice, "example.org"));
            }),
            400);
  EXPECT_EQ(error_named_by([](MessageBuilder& builder, const TurnClient&) {
              builder.add_raw(stun::AttributeType::Userhash, bytes_of("short"));
            }),
            400);
  EXPECT_EQ(error_named_by([](MessageBuilder&, const TurnClient&) {}), 400);
  EXPECT_EQ(last_handled_.auth, AuthFailure::MissingAttribute);
}

// A reload that brings the first secret takes the promise of anonymity back.
TEST_F(Userhash, PromisedByAnEarlierConfigurationIsAskedForAgainBy438) {
  admit_static_users_only();
  TurnClient alice = hidden_client();
  relay_->reconfigure(rules({}), effects_);

  const ReceivedReply stale = exchange(alice, alice.allocate());

  EXPECT_EQ(stale.error(), 438);
  EXPECT_TRUE(stale.message().get<stun::Nonce>()->starts_with("obMatJos2gAAA"));
}

}  // namespace
}  // namespace icebreaker::turn::test
