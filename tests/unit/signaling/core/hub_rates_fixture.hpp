// A hub whose limits a test sets.
#pragma once

#include "signaling/core/rate_limiter.hpp"
#include "tests/unit/signaling/core/hub_fixture.hpp"

namespace icebreaker::signaling::testing {

class HubRatesTest : public HubTest {
 protected:
  template <class Change>
  void limit(Change change) {
    HubConfig config = FakeShell::default_config();
    change(config);
    shell_.hub().reconfigure(config);
  }

  void come_from(std::string_view address) { shell_.client.address = *IpAddress::parse(address); }

  std::uint64_t limited(Limited what) {
    return shell_.hub().counters().rate_limited.at(static_cast<std::size_t>(what));
  }

  std::uint64_t joins_refused(ErrorCode why) {
    return shell_.hub().counters().joins_refused.at(static_cast<std::size_t>(why));
  }

  TestClient hello_as(const std::string& user) {
    shell_.admissions[user] = {user, {}};
    client::Hello with_token;
    with_token.token = user;
    return hello(with_token);
  }

  server::Error refused(TestClient& client, ClientMessage message) {
    say(client, std::move(message));
    auto error = only<server::Error>(client);
    EXPECT_EQ(error.code, ErrorCode::RateLimited);
    EXPECT_EQ(error.n, client.n);
    return error;
  }

  void join_and_leave(TestClient& client) {
    say(client, client::Join{"lobby", "", {}});
    only<server::Joined>(client);
    say(client, client::Leave{});
  }
};

}  // namespace icebreaker::signaling::testing
