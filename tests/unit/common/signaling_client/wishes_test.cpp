#include "common/signaling_client/wishes.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling_client {
namespace {

namespace client = signaling::client;
namespace server = signaling::server;
using Messages = std::vector<signaling::ClientMessage>;
using Peer = notice::Anew::Peer;

const server::Joined kJoined{"lobby", {}, signaling::Role::Polite, 2, "token"};
const server::Matched kMatched{
    "go", "m-1", {{{"p2"}, "", {}, {}}}, signaling::Role::Polite, "token"};
const server::PeerLeft kUnmatched{"m-1", {"p2"}, signaling::LeaveReason::Unmatched};

TEST(Wishes, JoinsARoomAgainThatTheTokenDoesNotBring) {
  Wishes wishes;
  const client::Join join{"lobby", "Zoë", {}};
  wishes.note_sent(join);
  EXPECT_EQ(wishes.again(Peer::Same), Messages{join});

  wishes.note_received(kJoined);

  EXPECT_EQ(wishes.again(Peer::Same), Messages{});
  EXPECT_EQ(wishes.again(Peer::Another), Messages{join});
}

TEST(Wishes, LeavesARoomAgainThatTheTokenBringsBack) {
  Wishes wishes;
  wishes.note_sent(client::Join{"lobby", "", {}});
  wishes.note_received(kJoined);
  wishes.note_sent(client::Leave{});

  EXPECT_EQ(wishes.again(Peer::Same), Messages{client::Leave{}});
  EXPECT_EQ(wishes.again(Peer::Another), Messages{});
}

TEST(Wishes, DoesNotAskAgainForAFullRoom) {
  Wishes wishes;
  wishes.note_sent(client::Join{"lobby", "", {}});

  wishes.note_received(server::Error{signaling::ErrorCode::RoomFull, "", {}, {}, {}});

  client::Hello hello;
  wishes.hint(hello);
  EXPECT_EQ(wishes.again(Peer::Another), Messages{});
  EXPECT_EQ(hello.room, "");
}

TEST(Wishes, WaitsInAQueueAgainUntilAMatchIsFoundOrCancelled) {
  Wishes wishes;
  const client::Match match{"go", 2, {{}, 7.0, {}}};
  wishes.note_sent(match);
  client::Hello queued;
  wishes.hint(queued);
  EXPECT_EQ(queued.queue, "go");
  EXPECT_EQ(wishes.again(Peer::Same), Messages{match});

  wishes.note_received(kMatched);
  EXPECT_EQ(wishes.again(Peer::Same), Messages{});
  client::Hello matched;
  wishes.hint(matched);
  EXPECT_EQ(matched.room, "m-1");
  wishes.note_received(server::Matching{"go", {}});
  EXPECT_EQ(wishes.again(Peer::Another), Messages{match});
  wishes.note_sent(client::MatchCancel{"go"});

  EXPECT_EQ(wishes.again(Peer::Another), Messages{});
}

TEST(Wishes, WaitsAgainOutsideTheRoomOfAMatchThatCameToNothing) {
  Wishes wishes;
  const client::Match match{"go", 2, {}};
  wishes.note_sent(match);
  wishes.note_received(kMatched);

  EXPECT_EQ(wishes.note_received(kUnmatched), std::nullopt);
  client::Hello hello;
  wishes.hint(hello);
  EXPECT_EQ(hello.queue, "go");
  EXPECT_EQ(wishes.again(Peer::Same), (Messages{client::Leave{}, match}));
  EXPECT_EQ(wishes.note_received(server::Matching{"go", 1}), std::nullopt);

  EXPECT_EQ(wishes.again(Peer::Another), Messages{match});
}

TEST(Wishes, IsNotQueuedAgainWhenItLeftOrCancelledMeanwhile) {
  const client::MatchCancel cancel{"go"};
  for (const signaling::ClientMessage& ending : Messages{client::Leave{}, cancel}) {
    Wishes wishes;
    wishes.note_sent(client::Match{"go", 2, {}});
    wishes.note_received(kMatched);
    wishes.note_sent(ending);
    wishes.note_received(kUnmatched);

    const auto answer = wishes.note_received(server::Matching{"go", 1});

    EXPECT_EQ(answer, signaling::ClientMessage{cancel});
    EXPECT_EQ(wishes.again(Peer::Another), Messages{});
  }
}

TEST(Wishes, WaitsInAQueueThatWasLeftAndEnteredAgainAtOnce) {
  Wishes wishes;
  const client::Match match{"go", 2, {}};
  for (const signaling::ClientMessage& each : Messages{match, client::MatchCancel{"go"}, match}) {
    wishes.note_sent(each);
  }

  EXPECT_EQ(wishes.note_received(server::Matching{"go", 1}), std::nullopt);
  wishes.note_received(server::MatchCancelled{"go"});

  EXPECT_EQ(wishes.again(Peer::Another), Messages{match});
}

TEST(Wishes, WatchesUsersAgainButThoseUnwatched) {
  Wishes wishes;
  wishes.note_sent(client::Watch{{"ann", "bob"}});
  wishes.note_sent(client::Watch{{"cid", "ann"}});
  wishes.note_sent(client::Unwatch{{"bob"}});

  EXPECT_EQ(wishes.again(Peer::Same), Messages{(client::Watch{{"ann", "cid"}})});
}

}  // namespace
}  // namespace icebreaker::signaling_client
