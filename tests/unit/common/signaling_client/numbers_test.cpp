// What the shared scripts of tests/data/signaling/numbering.json do not reach.
#include <gtest/gtest.h>

#include "common/signaling_client/session_state.hpp"

namespace icebreaker::signaling_client {
namespace {

namespace client = signaling::client;

TEST(SessionNumbers, AreNewOnceRepeatedEverAfterAndGapsAreTold) {
  using enum SessionState::Arrival;
  SessionState session;
  std::vector<SessionState::Arrival> arrivals;

  for (const signaling::Seq seq : {1U, 2U, 2U, 1U, 4U, 3U})
    arrivals.push_back(session.receive(seq));

  EXPECT_EQ(arrivals, (std::vector{New, New, Duplicate, Duplicate, Gap, New}));
}

TEST(SessionNumbers, StartAnewWithASessionThatWasNotResumed) {
  SessionState session;
  signaling::server::Welcome welcome;
  welcome.session = {"s1"};
  welcome.peer = {"p1"};
  EXPECT_EQ(session.apply(welcome), SessionState::Welcomed::First);
  session.enqueue(client::Ice{});
  session.take_unsent();
  session.receive(1);

  welcome.resumed = true;
  EXPECT_EQ(session.apply(welcome), SessionState::Welcomed::Resumed);
  EXPECT_EQ(session.resume_point()->after, 1U);
  EXPECT_EQ(session.pending(), 1U);
  session.abandon();
  EXPECT_EQ(session.resume_point(), std::nullopt);
  EXPECT_EQ(session.apply(welcome), SessionState::Welcomed::Anew);

  EXPECT_EQ(session.pending(), 0U);
  EXPECT_EQ(session.last_seq(), 0U);
}

}  // namespace
}  // namespace icebreaker::signaling_client
