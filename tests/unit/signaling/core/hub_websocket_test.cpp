#include "tests/unit/signaling/core/hub_fixture.hpp"

namespace icebreaker::signaling::testing {
namespace {

TEST_F(HubTest, WelcomesANewSession) {
  const TestClient ann = hello();

  EXPECT_EQ(ann.welcome.session.value.size(), 32U);
  EXPECT_EQ(ann.welcome.seq, 0U);
  EXPECT_EQ(ann.welcome.received, 0U);
  EXPECT_FALSE(ann.welcome.resumed);
  EXPECT_EQ(ann.welcome.ice.servers.at(0).urls.at(0), "turn:host.example");
  EXPECT_EQ(ann.welcome.limits, Limits{});
}

TEST_F(HubTest, GivesTheSecondJoinerTheOtherRoleAndTellsTheFirst) {
  TestClient ann = hello();
  TestClient bob = hello();

  say(ann, client::Join{"lobby", "Ann", {}});
  const auto first = only<server::Joined>(ann);
  say(bob, client::Join{"lobby", "Bob", {}});
  const auto second = only<server::Joined>(bob);
  const auto told = only<server::PeerJoined>(ann);

  EXPECT_EQ(first.role, Role::Impolite);
  EXPECT_TRUE(first.peers.empty());
  EXPECT_FALSE(first.resume_token.empty());
  EXPECT_EQ(second.role, Role::Polite);
  ASSERT_EQ(second.peers.size(), 1U);
  EXPECT_EQ(second.peers[0],
            (server::Peer{ann.welcome.peer, "Ann", Role::Impolite, Presence::Here}));
  EXPECT_EQ(told, (server::PeerJoined{"lobby", bob.welcome.peer, "Bob", Role::Polite}));
}

TEST_F(HubTest, RefusesAThirdJoinerAndUsesUpTheNumber) {
  auto [ann, bob] = pair();
  TestClient eve = hello();

  say(eve, client::Join{"lobby", "", {}});

  const auto error = only<server::Error>(eve);
  EXPECT_EQ(error.code, ErrorCode::RoomFull);
  EXPECT_EQ(error.n, 1U);
  shell_.advance(1s);
  EXPECT_EQ(only<server::Ack>(eve).n, 1U);
}

TEST_F(HubTest, NumbersMessagesFromOneInOrder) {
  auto [ann, bob] = pair();

  signal(ann, bob, R"({"a":1})");
  signal(ann, bob, R"({"a":2})");

  const auto messages = take(bob);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].seq, 2U);
  EXPECT_EQ(messages[1].seq, 3U);
  EXPECT_EQ(std::get<server::Signal>(messages[1].message),
            (server::Signal{ann.welcome.peer, R"({"a":2})", {}}));
}

TEST_F(HubTest, RepeatsOnResumeWhatWasNotAcknowledged) {
  auto [ann, bob] = pair();
  signal(ann, bob, R"({"a":1})");
  signal(ann, bob, R"({"a":2})");
  shell_.hang_up(bob.connection);
  signal(ann, bob, R"({"a":3})");

  const TestClient again = hello(resume_of(bob, 2));

  EXPECT_TRUE(again.welcome.resumed);
  EXPECT_EQ(again.welcome.seq, 2U);
  EXPECT_EQ(again.welcome.received, 1U);
  ASSERT_EQ(backlog_.size(), 2U);
  EXPECT_EQ(backlog_[0].seq, 3U);
  EXPECT_EQ(std::get<server::Signal>(backlog_[1].message).data, R"({"a":3})");
}

TEST_F(HubTest, DropsARepeatedNumber) {
  auto [ann, bob] = pair();
  signal(ann, bob, R"({"a":1})");
  --ann.n;
  signal(ann, bob, R"({"a":1})");

  EXPECT_EQ(take(bob).size(), 1U);
  EXPECT_EQ(shell_.hub().counters().duplicates, 1U);
}

TEST_F(HubTest, TellsWhichNumberItExpectsAfterAGap) {
  auto [ann, bob] = pair();
  ann.n += 3;
  signal(ann, bob, R"({"a":1})");

  const auto error = only<server::Error>(ann);
  EXPECT_EQ(error.code, ErrorCode::BadSequence);
  EXPECT_EQ(error.expected, 2U);
  EXPECT_TRUE(take(bob).empty());
  EXPECT_FALSE(shell_.closed(ann.connection));
}

TEST_F(HubTest, AcknowledgesEvery32MessagesOrSoonAfter) {
  auto [ann, bob] = pair();
  shell_.advance(1s);
  take(ann);
  for (int i = 0; i < 32; ++i) signal(ann, bob, "{}");

  EXPECT_EQ(only<server::Ack>(ann).n, 33U);
  signal(ann, bob, "{}");
  EXPECT_TRUE(take(ann).empty());
  shell_.advance(1s);
  EXPECT_EQ(only<server::Ack>(ann).n, 34U);
}

TEST_F(HubTest, AnswersMessagesThatAreRefusedForTheirContentByTheirNumber) {
  const TestClient ann = hello();

  shell_.send(ann.connection, R"({"type":"join","n":1,"room":"a/b"})");
  shell_.send(ann.connection, R"({"type":"dance","n":2})");
  shell_.send(ann.connection, R"({"type":"leave","n":3})");
  shell_.send(ann.connection, R"({"type":"join","n":4,"room":"a","capacity":1000})");

  std::vector<std::pair<ErrorCode, std::optional<SendNo>>> errors;
  for (const auto& each : take(ann)) {
    const auto& error = std::get<server::Error>(each.message);
    EXPECT_TRUE(each.seq);
    errors.emplace_back(error.code, error.n);
  }
  EXPECT_EQ(errors, (decltype(errors){{ErrorCode::BadMessage, 1},
                                      {ErrorCode::UnknownType, 2},
                                      {ErrorCode::NotInRoom, 3},
                                      {ErrorCode::BadMessage, 4}}));
}

TEST_F(HubTest, ClosesOnInputWithoutANumberButKeepsTheSession) {
  const TestClient ann = hello();

  shell_.send(ann.connection, "{oops");

  EXPECT_EQ(only<server::Error>(ann).code, ErrorCode::BadMessage);
  EXPECT_EQ(shell_.closed(ann.connection), CloseCode::BadMessage);
  EXPECT_TRUE(hello(resume_of(ann, 0)).welcome.resumed);
}

TEST_F(HubTest, ClosesOnAFrameThatIsTooLarge) {
  const TestClient ann = hello();

  shell_.send(ann.connection, std::string(Limits{}.message_bytes + 1, ' '));

  EXPECT_EQ(only<server::Error>(ann).code, ErrorCode::TooLarge);
  EXPECT_EQ(shell_.closed(ann.connection), CloseCode::TooLarge);
}

TEST_F(HubTest, WantsHelloFirstAndInTime) {
  const auto silent = shell_.connect();
  const auto eager = shell_.connect();
  const auto old = shell_.connect();
  shell_.send(eager, R"({"type":"leave","n":1})");
  shell_.send(old, R"({"type":"hello","protocol":2})");
  EXPECT_EQ(shell_.closed(eager), CloseCode::BadMessage);
  EXPECT_EQ(std::get<server::Error>(shell_.received(old).at(0).message).code,
            ErrorCode::UnsupportedProtocol);

  shell_.advance(4900ms);
  EXPECT_FALSE(shell_.closed(silent));
  shell_.advance(200ms);
  EXPECT_EQ(shell_.closed(silent), CloseCode::BadMessage);
}

TEST_F(HubTest, SupersedesTheOlderReceive) {
  const TestClient ann = hello();

  const TestClient again = hello(resume_of(ann, 0));

  EXPECT_EQ(only<server::Error>(ann).code, ErrorCode::Superseded);
  EXPECT_EQ(shell_.closed(ann.connection), CloseCode::Superseded);
  EXPECT_FALSE(shell_.closed(again.connection));
}

TEST_F(HubTest, TellsAwayBackAndLeftInTime) {
  auto [ann, bob] = pair();
  shell_.hang_up(bob.connection);

  shell_.advance(2999ms);
  EXPECT_TRUE(std::ranges::none_of(take(ann), [](const auto& each) {
    return std::holds_alternative<server::PeerAway>(each.message);
  }));
  shell_.advance(1ms);
  EXPECT_EQ(only<server::PeerAway>(ann).peer, bob.welcome.peer);
  bob = hello(resume_of(bob, 1));
  EXPECT_EQ(only<server::PeerBack>(ann).peer, bob.welcome.peer);
  shell_.hang_up(bob.connection);
  shell_.advance(59'999ms);
  only<server::PeerAway>(ann);
  shell_.advance(1ms);
  EXPECT_EQ(only<server::PeerLeft>(ann),
            (server::PeerLeft{"lobby", bob.welcome.peer, LeaveReason::Expired}));
}

TEST_F(HubTest, ForgetsAnExpiredSessionAfterItsTombstone) {
  const TestClient ann = hello();
  shell_.hang_up(ann.connection);
  shell_.advance(60s);

  const auto lost = shell_.poll(path_of(ann), epoch_of(ann));
  EXPECT_EQ(shell_.response(lost)->status, 410);
  shell_.advance(60s);
  const auto unknown = shell_.poll(path_of(ann), epoch_of(ann));
  EXPECT_EQ(shell_.response(unknown)->status, 404);
  EXPECT_EQ(shell_.memory().sizes(), MemoryState::Sizes{});
}

TEST_F(HubTest, RefusesToResumeWithAnotherEpochOrANumberNeverSent) {
  const TestClient ann = hello();
  client::Hello other = resume_of(ann, 0);
  ++other.resume->epoch;

  for (const client::Hello& bad : {other, resume_of(ann, 1)}) {
    const auto connection = shell_.connect();
    shell_.send(connection, {std::nullopt, bad});
    EXPECT_EQ(std::get<server::Error>(shell_.received(connection).at(0).message).code,
              ErrorCode::SessionLost);
    EXPECT_EQ(shell_.closed(connection), CloseCode::SessionLost);
  }
}

TEST_F(HubTest, EndsTheSessionOnBye) {
  auto [ann, bob] = pair();

  say(bob, client::Bye{});

  EXPECT_EQ(shell_.closed(bob.connection), CloseCode::Normal);
  EXPECT_EQ(only<server::PeerLeft>(ann).reason, LeaveReason::Bye);
  const auto gone = shell_.poll(path_of(bob), epoch_of(bob));
  EXPECT_EQ(shell_.response(gone)->status, 404);
}

TEST_F(HubTest, RecreatesASessionByItsTokenInItsRoomAndRole) {
  auto [ann, bob] = pair();
  shell_.hang_up(bob.connection);
  shell_.advance(60s);
  shell_.hang_up(ann.connection);
  take(ann);
  FakeShell wiped;  // another instance, another state, the same secret
  client::Hello by_token;
  by_token.resume_token = bob.token;

  const auto connection = wiped.connect();
  wiped.send(connection, {std::nullopt, by_token});

  const auto messages = wiped.received(connection);
  ASSERT_EQ(messages.size(), 2U);
  const auto& welcome = std::get<server::Welcome>(messages[0].message);
  EXPECT_EQ(welcome.peer, bob.welcome.peer);
  EXPECT_NE(welcome.session, bob.welcome.session);
  EXPECT_FALSE(welcome.resumed);
  const auto& joined = std::get<server::Joined>(messages[1].message);
  EXPECT_EQ(joined.room, "lobby");
  EXPECT_EQ(joined.role, Role::Polite);
}

TEST_F(HubTest, ReplacesTheOtherSessionOfAPeerWithoutTellingItLeft) {
  auto [ann, bob] = pair();
  signal(ann, bob, R"({"a":1})");
  take(bob);
  client::Hello by_token;
  by_token.resume_token = bob.token;

  const TestClient again = hello(by_token);

  EXPECT_EQ(again.welcome.peer, bob.welcome.peer);
  ASSERT_EQ(backlog_.size(), 2U);
  EXPECT_EQ(std::get<server::Joined>(backlog_[0].message).peers.size(), 1U);
  EXPECT_EQ(std::get<server::Signal>(backlog_[1].message).data, R"({"a":1})");
  EXPECT_EQ(shell_.closed(bob.connection), CloseCode::Superseded);
  EXPECT_TRUE(take(ann).empty());
}

TEST_F(HubTest, RefusesAForgedOrOldToken) {
  client::Hello forged;
  forged.resume_token = hello().welcome.resume_token;
  forged.resume_token[10] = forged.resume_token[10] == 'A' ? 'B' : 'A';

  const auto connection = shell_.connect();
  shell_.send(connection, {std::nullopt, forged});
  EXPECT_EQ(shell_.closed(connection), CloseCode::Unauthorized);

  client::Hello old;
  const TestClient ann = hello();
  old.resume_token = ann.welcome.resume_token;
  shell_.advance(25h);
  const auto late = shell_.connect();
  shell_.send(late, {std::nullopt, old});
  EXPECT_EQ(shell_.closed(late), CloseCode::Unauthorized);
}

TEST_F(HubTest, RefreshesTheIceServersAtThreeQuartersOfTheirLife) {
  shell_.ice_ttl = 100s;
  TestClient ann = hello();

  shell_.advance(74s);
  EXPECT_TRUE(take(ann).empty());
  shell_.advance(1s);
  EXPECT_EQ(only<server::IceServers>(ann).ice.ttl, 100s);
  say(ann, client::Ice{});
  EXPECT_EQ(only<server::IceServers>(ann).ice.servers.at(0).username,
            "u:" + ann.welcome.peer.value);
}

TEST_F(HubTest, SaysGoawayBeforeItDrains) {
  const TestClient ann = hello();

  shell_.hub().drain(shell_.now(), 10s);

  const auto goaway = only<server::Goaway>(ann);
  EXPECT_LT(goaway.after, 10s);
  shell_.advance(goaway.after);
  EXPECT_EQ(shell_.closed(ann.connection), CloseCode::Goaway);
  const auto late = shell_.open(R"({"type":"hello","protocol":1})");
  EXPECT_EQ(shell_.response(late)->status, 503);
  EXPECT_EQ(shell_.response(late)->retry_after, 1s);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
