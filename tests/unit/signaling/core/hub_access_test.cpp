// Tokens and grants at the hub, on both transports.
#include "tests/unit/signaling/core/hub_fixture.hpp"

namespace icebreaker::signaling::testing {
namespace {

HubConfig token_config() {
  HubConfig config = FakeShell::default_config();
  config.access.auth = AuthMode::Token;
  return config;
}

class HubAccessTest : public HubTest {
 protected:
  HubAccessTest() : HubTest{token_config()} {
    shell_.admissions["ann"] = {"ann", {}};
    shell_.admissions["bob"] = {
        "bob", {NamePatterns{"lobby", "team-*"}, NamePatterns{"chess"}, NamePatterns{"ann"}, 3}};
  }

  static client::Hello with_token(std::string token) {
    client::Hello hello;
    hello.token = std::move(token);
    return hello;
  }

  // What a hello is answered with when it opens nothing.
  std::pair<server::Error, std::optional<CloseCode>> refusal_of(client::Hello hello) {
    const ConnectionId connection = shell_.connect();
    shell_.send(connection, {std::nullopt, std::move(hello)});
    const auto messages = shell_.received(connection);
    if (messages.size() != 1)
      return ADD_FAILURE() << messages.size(), std::pair{server::Error{}, std::nullopt};
    return {std::get<server::Error>(messages.front().message), shell_.closed(connection)};
  }

  std::uint64_t tokens_refused(TokenProblem problem) {
    return shell_.hub().counters().tokens_refused.at(static_cast<std::size_t>(problem));
  }

  std::uint64_t joins_refused(ErrorCode code) {
    return shell_.hub().counters().joins_refused.at(static_cast<std::size_t>(code));
  }

  // Answered by an error; its text.
  std::string forbidden(TestClient& client, ClientMessage message) {
    say(client, std::move(message));
    const auto error = only<server::Error>(client);
    EXPECT_EQ(error.code, ErrorCode::Forbidden);
    EXPECT_EQ(error.n, client.n);
    return error.message;
  }
};

TEST_F(HubAccessTest, OpensNothingWithoutAGoodToken) {
  const auto [missing, missing_close] = refusal_of({});
  EXPECT_EQ(missing.code, ErrorCode::Unauthorized);
  EXPECT_EQ(missing_close, CloseCode::Unauthorized);
  const auto [bad, bad_close] = refusal_of(with_token("forged"));
  EXPECT_EQ(bad.code, ErrorCode::Unauthorized);
  EXPECT_EQ(bad.message, "the token's signature is wrong");
  EXPECT_EQ(tokens_refused(TokenProblem::Missing), 1U);
  EXPECT_EQ(tokens_refused(TokenProblem::BadSignature), 1U);

  const auto response = shell_.response(shell_.open(R"({"type":"hello","protocol":1})"));
  EXPECT_EQ(response->status, 401);
  EXPECT_EQ(error_of(response), ErrorCode::Unauthorized);
  EXPECT_EQ(shell_.memory().sizes().sessions, 0U);
}

TEST_F(HubAccessTest, TakesTheUserFromTheToken) {
  client::Hello own = with_token("ann");
  own.user = "ann";
  hello(with_token("ann"));
  hello(own);
  own.user = "bob";
  const auto [error, close] = refusal_of(own);

  EXPECT_EQ(error.code, ErrorCode::Forbidden);
  EXPECT_EQ(close, CloseCode::Forbidden);
  EXPECT_EQ(tokens_refused(TokenProblem::OtherUser), 1U);
  EXPECT_EQ(shell_.memory().sizes().users, 1U);
}

TEST_F(HubAccessTest, KeepsJoinsMatchesAndWatchesWithinTheGrants) {
  TestClient bob = hello(with_token("bob"));

  EXPECT_EQ(forbidden(bob, client::Join{"elsewhere", "", {}}),
            "the token does not grant this room");
  EXPECT_EQ(forbidden(bob, client::Join{"lobby", "", 4}),
            "the token grants a capacity of at most 3");
  EXPECT_EQ(forbidden(bob, client::Match{"go", 2, {}}), "the token does not grant this queue");
  EXPECT_EQ(forbidden(bob, client::Match{"chess", 4, {}}), "the token grants a size of at most 3");
  forbidden(bob, client::Watch{{"ann", "eve"}});
  EXPECT_EQ(joins_refused(ErrorCode::Forbidden), 2U);

  say(bob, client::Watch{{"ann"}});
  EXPECT_FALSE(only<server::UserPresence>(bob).online);
  say(bob, client::Match{"chess", 2, {}});
  EXPECT_EQ(only<server::Matching>(bob).queue, "chess");
  say(bob, client::MatchCancel{"chess"});
  only<server::MatchCancelled>(bob);
  say(bob, client::Join{"team-red", "", 3});
  EXPECT_EQ(only<server::Joined>(bob).room, "team-red");
}

TEST_F(HubAccessTest, KeepsADefaultCapacityWithinTheGrants) {
  shell_.admissions["solo"] = {"solo", {{}, {}, {}, 1}};
  TestClient solo = hello(with_token("solo"));

  say(solo, client::Join{"lobby", "", {}});

  EXPECT_EQ(only<server::Joined>(solo).capacity, 1U);
}

TEST_F(HubAccessTest, KeepsPostsWithinTheGrants) {
  const auto request = shell_.open(R"({"type":"hello","protocol":1,"token":"bob"})");
  TestClient bob;
  bob.welcome =
      std::get<server::Welcome>(FakeShell::decoded(shell_.response(request)->body).message);

  const auto posted =
      shell_.post(path_of(bob), post_body(bob, {R"({"type":"join","n":1,"room":"elsewhere"})",
                                                R"({"type":"join","n":2,"room":"lobby"})"}));

  EXPECT_EQ(shell_.response(posted)->status, 202);
  const auto messages = polled(shell_.poll(path_of(bob), epoch_of(bob)));
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<server::Error>(messages[0].message).code, ErrorCode::Forbidden);
  EXPECT_EQ(std::get<server::Error>(messages[0].message).n, 1U);
  EXPECT_EQ(std::get<server::Joined>(messages[1].message).room, "lobby");
}

TEST_F(HubAccessTest, TakesAJoinThatCameBeforeTheWelcome) {
  shell_.state().delay();
  const ConnectionId connection = shell_.connect();
  shell_.send(connection, {std::nullopt, with_token("bob")});
  shell_.send(connection, {1, client::Join{"lobby", "", {}}});
  shell_.send(connection, {2, client::Leave{}});
  shell_.send(connection, {3, client::Join{"elsewhere", "", {}}});
  shell_.state().release();

  const auto messages = shell_.received(connection);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<server::Welcome>(messages[0].message));
  EXPECT_EQ(std::get<server::Joined>(messages[1].message).room, "lobby");
  EXPECT_EQ(std::get<server::Error>(messages[2].message).code, ErrorCode::Forbidden);
}

TEST_F(HubAccessTest, NeedsNoTokenToResumeAndKeepsTheGrants) {
  const TestClient bob = hello(with_token("bob"));
  shell_.hang_up(bob.connection);
  shell_.admissions.clear();

  TestClient again = hello(resume_of(bob, 0));

  EXPECT_TRUE(again.welcome.resumed);
  forbidden(again, client::Join{"elsewhere", "", {}});
  say(again, client::Join{"lobby", "", {}});
  only<server::Joined>(again);
}

TEST_F(HubAccessTest, RecreatesWithTheGrantsOfTheResumeToken) {
  TestClient bob = hello(with_token("bob"));
  say(bob, client::Bye{});
  shell_.admissions.clear();
  client::Hello back;
  back.resume_token = bob.welcome.resume_token;

  TestClient again = hello(back);

  EXPECT_EQ(again.welcome.peer, bob.welcome.peer);
  forbidden(again, client::Join{"elsewhere", "", {}});
}

TEST_F(HubAccessTest, TakesNoResumeTokenFromBeforeTokensWereWanted) {
  HubConfig config = FakeShell::default_config();
  shell_.hub().reconfigure(config);
  TestClient eve = hello();
  config.access.auth = AuthMode::Token;
  shell_.hub().reconfigure(config);

  EXPECT_EQ(forbidden(eve, client::Join{"lobby", "", {}}),
            "this session was opened without a token");
  client::Hello back;
  back.resume_token = eve.welcome.resume_token;
  EXPECT_EQ(refusal_of(back).first.code, ErrorCode::Unauthorized);
  EXPECT_EQ(tokens_refused(TokenProblem::BadResumeToken), 1U);
}

TEST_F(HubAccessTest, OpensByTheTokenWhenTheResumeTokenIsOfNoUse) {
  const TestClient bob = hello(with_token("bob"));
  client::Hello back = resume_of(bob, 7);  // never sent: lost
  back.token = "ann";
  back.resume_token = "of another secret";

  const TestClient again = hello(back);

  EXPECT_FALSE(again.welcome.resumed);
  EXPECT_NE(again.welcome.peer, bob.welcome.peer);
  EXPECT_EQ(tokens_refused(TokenProblem::BadResumeToken), 1U);
  back.token = "forged";
  EXPECT_EQ(refusal_of(back).first.message, "the token's signature is wrong");
  back.token.clear();
  EXPECT_EQ(refusal_of(back).first.message, "the resume token is not valid");
  back.token = "ann";
  back.user = "bob";
  EXPECT_EQ(refusal_of(back).first.code, ErrorCode::Forbidden);
}

TEST_F(HubAccessTest, LosesTheSessionThatOnlyResumes) {
  client::Hello hello = with_token("ann");
  hello.resume = client::Resume{{"nobody"}, 1, 0};

  EXPECT_EQ(refusal_of(hello).first.code, ErrorCode::SessionLost);
}

TEST_F(HubAccessTest, OpensOnlyRoomsOfTokensWhenNamesMustComeFromThem) {
  HubConfig config = token_config();
  config.access.room_names = RoomNames::Token;
  shell_.hub().reconfigure(config);
  TestClient ann = hello(with_token("ann"));
  TestClient bob = hello(with_token("bob"));

  forbidden(ann, client::Join{"lobby", "", {}});
  say(bob, client::Join{"lobby", "", {}});
  only<server::Joined>(bob);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
