// Hints that bring frames along.
#include <numeric>

#include "tests/unit/signaling/core/hub_fixture.hpp"

namespace icebreaker::signaling::testing {
namespace {

constexpr ReceiveId kFirst{1};

class HubFramesTest : public HubTest {
 protected:
  // Into bob's mailbox, without a hint.
  void deposit(TestClient& from, const TestClient& to, const std::string& data) {
    shell_.state().cut();
    shell_.memory().submit(
        shell_.now(),
        {from.welcome.session,
         from.welcome.epoch,
         {},
         {{++from.n, operation::Signal{to.welcome.peer, data, SignalKind::Other, {}}}}},
        [](Now, const auto& submitted) { EXPECT_TRUE(submitted); });
    shell_.state().mend();
  }

  void bring(const TestClient& to, Seq first, const std::vector<std::string>& texts) {
    Delivery delivery{first, {}, std::nullopt};
    for (const std::string& text : texts) delivery.frames.push_back({text, Frame::Kind::Signal});
    shell_.state().bring(shell_.now(), to.welcome.session, kFirst, std::move(delivery));
  }

  static std::string frame(const TestClient& from, std::string data) {
    return encode(ServerMessage{server::Signal{from.welcome.peer, std::move(data), {}}});
  }

  std::vector<std::string> data_received(const TestClient& client) {
    std::vector<std::string> data;
    for (const auto& each : take(client)) {
      data.push_back(std::get<server::Signal>(each.message).data);
    }
    return data;
  }
};

TEST_F(HubFramesTest, AreHandedOverWithoutAsking) {
  auto [ann, bob] = pair();
  shell_.state().cut();  // no fetch would succeed

  bring(bob, 2, {frame(ann, R"({"a":1})"), frame(ann, R"({"a":2})")});

  const auto messages = take(bob);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].seq, 2U);
  EXPECT_EQ(messages[1].seq, 3U);
  EXPECT_EQ(std::get<server::Signal>(messages[1].message).data, R"({"a":2})");
}

TEST_F(HubFramesTest, AreTimedFromTheirHint) {
  auto [ann, bob] = pair();
  const auto observed = [this] {
    const auto counts = shell_.hub().counters().wake_delivery.counts();
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  const auto before = observed();

  deposit(ann, bob, R"({"a":1})");
  bring(bob, 2, {frame(ann, R"({"a":1})")});
  EXPECT_EQ(observed(), before + 1);
  bring(bob, 2, {frame(ann, R"({"a":1})")});  // came before: nothing is handed over
  shell_.state().hint(shell_.now(), bob.welcome.session, kFirst);  // nor here
  EXPECT_EQ(observed(), before + 1);
  shell_.advance(10s);
  deposit(ann, bob, R"({"a":2})");
  const auto sum = shell_.hub().counters().wake_delivery.sum();
  shell_.state().hint(shell_.now(), bob.welcome.session, kFirst);
  EXPECT_EQ(observed(), before + 2);
  EXPECT_EQ(shell_.hub().counters().wake_delivery.sum(), sum);  // not from the hints of before
}

TEST_F(HubFramesTest, AreFetchedWhenOneBeforeThemIsMissing) {
  auto [ann, bob] = pair();
  deposit(ann, bob, R"({"a":1})");
  deposit(ann, bob, R"({"a":2})");

  bring(bob, 3, {frame(ann, R"({"a":2})")});

  EXPECT_EQ(data_received(bob), (std::vector<std::string>{R"({"a":1})", R"({"a":2})"}));
}

TEST_F(HubFramesTest, AreDroppedWhenTheyCameBefore) {
  auto [ann, bob] = pair();
  deposit(ann, bob, R"({"a":1})");
  shell_.state().hint(shell_.now(), bob.welcome.session, kFirst);
  EXPECT_EQ(data_received(bob), std::vector<std::string>{R"({"a":1})"});

  bring(bob, 2, {frame(ann, R"({"a":1})"), frame(ann, R"({"a":2})")});

  EXPECT_EQ(data_received(bob), std::vector<std::string>{R"({"a":2})"});
}

TEST_F(HubFramesTest, WaitForTheReceiveToBeKnown) {
  auto [ann, bob] = pair();
  shell_.hang_up(bob.connection);
  const ConnectionId again = shell_.connect();
  shell_.state().delay();
  shell_.send(again, {std::nullopt, resume_of(bob, 1)});
  shell_.state().step();  // resumed; attach is under way
  deposit(ann, bob, R"({"a":1})");
  shell_.state().bring(shell_.now(), bob.welcome.session, ReceiveId{2},
                       {2, {{frame(ann, R"({"a":1})"), Frame::Kind::Signal}}, std::nullopt});
  shell_.state().release();

  const auto messages = shell_.received(again);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[1].seq, 2U);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
