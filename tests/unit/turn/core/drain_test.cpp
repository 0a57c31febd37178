// RFC 8656 §7.2, step 11: a server that drains sends new clients elsewhere.
#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

class Drain : public RelayFixture {};

TEST_F(Drain, SendsNewClientsToTheAlternateOfTheirFamilyAndAnswers508WithoutOne) {
  TurnClient v4 = client("203.0.113.5:1");
  TurnClient v6 = client("[2001:db8::77]:1");
  relay_->start_drain({.v4 = address("192.0.2.77:3478"), .v6 = std::nullopt});

  const ReceivedReply reply = exchange(v4, v4.allocate());

  EXPECT_EQ(reply.error(), 300);
  EXPECT_EQ(reply.message().get<stun::AlternateServer>(), address("192.0.2.77:3478"));
  EXPECT_TRUE(stun::verify_message_integrity(reply.message(), v4.key()).has_value());
  EXPECT_EQ(error_of(v6, v6.allocate()), 508);
  EXPECT_EQ(quota_.total(), 0U);
}

TEST_F(Drain, LeavesWhatIsAllocatedAlone) {
  TurnClient alice = client();
  const Bytes request = alice.allocate();
  const ReceivedReply first = exchange(alice, request);

  relay_->start_drain({});

  EXPECT_EQ(exchange(alice, request).bytes(), first.bytes());
  EXPECT_EQ(error_of(alice, alice.create_permission({peer("8.8.8.8:1")})), 0);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1"))), 0);
  EXPECT_EQ(error_of(alice, alice.refresh(600s)), 0);
  EXPECT_EQ(error_of(alice, alice.refresh(0s)), 0);
  EXPECT_EQ(error_of(alice, alice.allocate()), 508);
}

}  // namespace
}  // namespace icebreaker::turn::test
