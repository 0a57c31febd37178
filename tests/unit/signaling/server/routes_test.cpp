#include "signaling/server/routes.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

TEST(MatchRoute, KnowsTheProtocolPage) {
  EXPECT_EQ(match_route("/v1/ws").route, Route::Socket);
  EXPECT_EQ(match_route("/v1/sessions").route, Route::Sessions);
  EXPECT_EQ(match_route("/healthz").route, Route::Health);
  EXPECT_EQ(match_route("/readyz").route, Route::Ready);

  const RouteMatch session = match_route("/v1/sessions/abc");
  EXPECT_EQ(session.route, Route::Session);
  EXPECT_EQ(session.session, "abc");

  const RouteMatch messages = match_route("/v1/sessions/abc/messages");
  EXPECT_EQ(messages.route, Route::Messages);
  EXPECT_EQ(messages.session, "abc");

  const RouteMatch events = match_route("/v1/sessions/abc/events");
  EXPECT_EQ(events.route, Route::Events);
  EXPECT_EQ(events.session, "abc");
}

TEST(MatchRoute, LeavesTheRestOfTheApiUnknown) {
  for (const std::string_view path :
       {"/v1", "/v1/", "/v1/other", "/v1/sessions/", "/v1/sessions//messages",
        "/v1/sessions/a/events/b", "/v1/sessions/a/messages/b", "/v1/sessionsx"}) {
    EXPECT_EQ(match_route(path).route, Route::Unknown) << path;
  }
}

TEST(MatchRoute, GivesEverythingElseToTheSite) {
  for (const std::string_view path : {"/", "/index.html", "/v2", "/v1x", ""}) {
    EXPECT_EQ(match_route(path).route, Route::Site) << path;
  }
}

TEST(Allows, FollowsTheListOfMethods) {
  EXPECT_TRUE(allows(Route::Sessions, Method::Post));
  EXPECT_TRUE(allows(Route::Messages, Method::Get));
  EXPECT_TRUE(allows(Route::Messages, Method::Options));
  EXPECT_FALSE(allows(Route::Sessions, Method::Get));
  EXPECT_FALSE(allows(Route::Messages, Method::Delete));
  EXPECT_FALSE(allows(Route::Unknown, Method::Get));
}

}  // namespace
}  // namespace icebreaker::signaling
