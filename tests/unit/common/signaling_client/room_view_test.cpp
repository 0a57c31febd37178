#include "common/signaling_client/room_view.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling_client {
namespace {

namespace server = signaling::server;
using signaling::PeerId;
using signaling::Presence;
using signaling::Role;

const server::Peer kAnn{{"a"}, "Ann", Role::Impolite, Presence::Here};

TEST(RoomView, FollowsPeersThroughJoinedAwayBackAndLeft) {
  RoomView view;
  view.on_message(server::Joined{"lobby", {kAnn}, Role::Polite, 4, ""});
  view.on_message(server::PeerJoined{"lobby", {"b"}, "Bob", Role::Polite});
  view.on_message(server::PeerAway{"lobby", {"a"}});
  EXPECT_EQ(view.room(), "lobby");
  EXPECT_EQ(view.role(), Role::Polite);
  EXPECT_EQ(view.peers().at({"a"}).presence, Presence::Away);
  EXPECT_EQ(view.peers().at({"b"}).name, "Bob");

  view.on_message(server::PeerBack{"lobby", {"a"}});
  view.on_message(server::PeerLeft{"lobby", {"b"}, signaling::LeaveReason::Bye});

  EXPECT_EQ(view.peers().at({"a"}).presence, Presence::Here);
  EXPECT_EQ(view.peers().size(), 1U);
}

TEST(RoomView, TakesTheRoomOfAMatchAndWaitsAgainWhenThePartnerVanished) {
  RoomView view;
  view.on_message(server::Matching{"go", 3});
  EXPECT_EQ(view.waiting()->position, 3U);

  view.on_message(server::Matched{"go", "m-1", {kAnn}, Role::Polite, ""});
  EXPECT_EQ(view.waiting(), std::nullopt);
  EXPECT_TRUE(view.peers().contains(PeerId{"a"}));
  view.on_message(server::PeerLeft{"m-1", {"a"}, signaling::LeaveReason::Unmatched});
  EXPECT_EQ(view.room(), "");
  view.on_message(server::Matching{"go", 1});
  EXPECT_EQ(view.waiting()->queue, "go");
  view.on_message(server::MatchCancelled{"go"});

  EXPECT_EQ(view.waiting(), std::nullopt);
}

TEST(RoomView, IsOutsideARoomThatIsUnmatchedWhoeverIsNamed) {
  for (const char* gone : {"a", "b", "oneself"}) {
    RoomView view;
    view.on_message(server::Matched{
        "go", "m-1", {kAnn, {{"b"}, "", Role::Polite, Presence::Here}}, Role::Polite, ""});

    view.on_message(server::PeerLeft{"m-1", {gone}, signaling::LeaveReason::Unmatched});

    EXPECT_EQ(view.room(), "");
    EXPECT_TRUE(view.peers().empty());
  }
}

TEST(RoomView, IgnoresPeersThatItDoesNotKnow) {
  RoomView view;
  view.on_message(server::Joined{"lobby", {}, Role::Impolite, 2, ""});

  view.on_message(server::PeerAway{"lobby", {"x"}});
  view.on_message(server::PeerLeft{"lobby", {"x"}, signaling::LeaveReason::Left});

  EXPECT_TRUE(view.peers().empty());
}

}  // namespace
}  // namespace icebreaker::signaling_client
