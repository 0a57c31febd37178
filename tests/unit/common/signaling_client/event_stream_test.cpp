// What only sessions over an event stream have: kept back, cut, ended, silent, acknowledged by
// POST.
#include <gtest/gtest.h>

#include "common/signaling_client/event_stream_reader.hpp"
#include "tests/support/client_scene.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
using testing::ClientScene;
using Server = testing::ModelSignalServer;
using Texts = std::vector<std::string>;
using Numbers = std::vector<int>;
namespace server = signaling::server;

constexpr auto kLongestBackoff = 15s;
constexpr TransportChoice kHttp{.web_socket = false};

std::size_t count(const ClientScene& scene, std::string_view what) {
  return static_cast<std::size_t>(std::ranges::count_if(
      scene.server.requests, [&](const std::string& each) { return each.contains(what); }));
}

Texts read(EventStreamReader& reader, std::string_view piece) {
  return reader.read(piece).value_or(Texts{"no end"});
}

TEST(EventStreamReader, ReadsTheSameWhereverTheStreamIsCut) {
  const std::string text =
      "\xEF\xBB\xBFretry: 1000\r\n\r\n:\r\n\r\nid: 1\r\ndata: {\"a\":1}\r\n\r\ndata:one\ndata: "
      "two\n\n"
      "event: x\r\rdata\r\rid: 2\rdata: : \u00E9\r\rdata: cut";
  const Texts expected{"{\"a\":1}", "one\ntwo", "", ": \u00E9"};

  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EventStreamReader reader;
    Texts events = read(reader, std::string_view{text}.substr(0, cut));
    for (auto& event : read(reader, std::string_view{text}.substr(cut))) events.push_back(event);
    EXPECT_EQ(events, expected) << "cut at " << cut;
  }
}

TEST(EventStreamReader, RefusesAnEventWithoutEnd) {
  const std::string piece(65'536, 'x');
  for (const std::string& each : {"data: " + piece + "\n", piece}) {
    EventStreamReader reader;
    for (int i = 0; i < 15; ++i) ASSERT_TRUE(reader.read(each));

    EXPECT_FALSE(reader.read(each) && reader.read(each));
  }
}

TEST(EventStreamReader, TakesAnyNumberOfEventsThatEnd) {
  EventStreamReader reader;
  const std::string event = "data: " + std::string(60'000, 'x') + "\n\n";

  for (int i = 0; i < 100; ++i) ASSERT_EQ(read(reader, event).size(), 1U);
}

TEST(EventStream, IsNoticedToBeKeptBackAfterASecondAndPollsGoOnWithTheSession) {
  ClientScene scene{kHttp};
  scene.server.streams = Server::Streams::Kept;
  scene.start();
  scene.deliver(1);
  scene.advance(999ms);
  EXPECT_EQ(scene.client.transport(), TransportKind::EventStream);
  EXPECT_EQ(scene.heard(), Numbers{});

  scene.advance(1ms);

  EXPECT_EQ(scene.client.transport(), TransportKind::LongPoll);
  EXPECT_EQ(scene.heard(), Numbers{1});
  EXPECT_EQ(scene.server.hellos.size(), 1U);
}

TEST(EventStream, GivesWayToPollsAtOnceWhenSomethingElseAnswers) {
  for (const auto streams : {Server::Streams::Broken, Server::Streams::Page}) {
    ClientScene scene{kHttp};
    scene.server.streams = streams;
    scene.start();

    scene.deliver(1);
    scene.settle();

    std::vector<std::optional<TransportKind>> kinds;
    for (const Notice& each : scene.server.notices) {
      const auto* changed = std::get_if<notice::StateChanged>(&each);
      if (changed != nullptr && changed->transport) kinds.push_back(changed->transport);
    }
    EXPECT_EQ(kinds, (std::vector<std::optional<TransportKind>>{TransportKind::EventStream,
                                                                TransportKind::LongPoll}));
    EXPECT_EQ(scene.heard(), Numbers{1});
  }
}

TEST(EventStream, IsNotTriedAgainForFiveMinutesUnlessTheNetworkMayHaveChanged) {
  for (const bool woken : {false, true}) {
    ClientScene scene{kHttp};
    scene.server.streams = Server::Streams::Kept;
    scene.start();
    scene.advance(1s);
    scene.server.streams = Server::Streams::Work;
    if (woken) scene.client.wake(scene.now());
    scene.server.drop_connections();
    scene.advance(kLongestBackoff);
    EXPECT_EQ(count(scene, "/events?"), woken ? 2U : 1U);

    scene.advance(5min);
    scene.server.drop_connections();
    scene.advance(kLongestBackoff);

    EXPECT_EQ(scene.client.transport(), TransportKind::EventStream);
  }
}

TEST(EventStream, FailsWhenItIsKeptBackAndNothingElseIsAllowed) {
  ClientScene scene{TransportChoice::kEventStreamOnly};
  scene.server.streams = Server::Streams::Kept;
  scene.start();
  scene.advance(1s);
  EXPECT_EQ(scene.client.state(), ClientState::Reconnecting);

  scene.server.streams = Server::Streams::Work;
  scene.advance(kLongestBackoff);

  EXPECT_EQ(scene.client.transport(), TransportKind::EventStream);
  EXPECT_EQ(scene.server.sessions.size(), 1U);
}

TEST(EventStream, KeepsTheTrustOfAClientThatStreamedBefore) {
  ClientScene scene{kHttp};
  scene.start();
  scene.server.streams = Server::Streams::Kept;
  scene.server.drop_connections();
  scene.advance(1'300ms);
  EXPECT_EQ(scene.client.state(), ClientState::Reconnecting);

  scene.server.streams = Server::Streams::Work;
  scene.advance(kLongestBackoff);

  EXPECT_EQ(scene.client.transport(), TransportKind::EventStream);
}

TEST(EventStream, GoesOnAfterTheLastWholeEventWhenItIsCut) {
  ClientScene scene{kHttp};
  scene.start();
  scene.deliver(1);
  scene.server.send_piece("id: 2\ndata: {\"type\":\"signal\",\"seq\":2,\"fr");
  scene.settle();
  scene.server.drop_connections();
  scene.deliver(2);
  scene.deliver(3);

  scene.advance(kLongestBackoff);

  EXPECT_EQ(scene.heard(), (Numbers{1, 2, 3}));
  EXPECT_EQ(scene.client.counters().connection.resumed, 1U);
  EXPECT_EQ(scene.client.counters().connection.duplicates, 0U);
}

TEST(EventStream, IsAskedForAgainWithoutHelloWhenItEndsInOrderAndNotInAHurry) {
  ClientScene scene{kHttp};
  scene.start();
  for (std::size_t number = 1; number <= 3; ++number) {
    scene.server.end_stream();
    scene.deliver(static_cast<int>(number));
    scene.advance(499ms);
    EXPECT_EQ(count(scene, "/events?"), number);
    scene.advance(1ms);
  }

  EXPECT_EQ(scene.client.state(), ClientState::Open);
  EXPECT_EQ(scene.server.hellos.size(), 1U);
  EXPECT_EQ(scene.heard(), (Numbers{1, 2, 3}));
}

TEST(EventStream, AcknowledgesByPostWithinASecondOr32MessagesAndWithWhatIsSent) {
  ClientScene scene{kHttp};
  scene.start();
  scene.deliver(1);
  scene.advance(999ms);
  EXPECT_EQ(scene.server.session().acknowledged, 0U);
  scene.advance(1ms);
  EXPECT_EQ(scene.server.session().acknowledged, 1U);

  for (int number = 2; number <= 33; ++number) scene.deliver(number);
  scene.settle();
  EXPECT_EQ(scene.server.session().acknowledged, 33U);

  scene.deliver(34);
  scene.settle();
  scene.say("p2", 1);
  scene.settle();
  EXPECT_EQ(scene.server.session().acknowledged, 34U);
  const auto posts = count(scene, "POST");
  scene.advance(5s);
  EXPECT_EQ(count(scene, "POST"), posts);
}

TEST(EventStream, MakesUpForAnAcknowledgementThatIsRefusedForItsRate) {
  ClientScene scene{kHttp};
  scene.start();
  scene.server.post_refusal = event::Responded{{}, 429, {}, 3s};
  scene.deliver(1);
  scene.advance(1s);
  scene.server.post_refusal.reset();
  scene.advance(2'999ms);
  EXPECT_EQ(scene.server.session().acknowledged, 0U);

  scene.advance(1ms);

  EXPECT_EQ(scene.server.session().acknowledged, 1U);
}

TEST(EventStream, IsGivenUpWithoutASignOfLifeFor70Seconds) {
  ClientScene scene{kHttp};
  scene.start();
  scene.advance(200s);
  EXPECT_EQ(scene.client.counters().connection.resumed, 0U);
  scene.server.pings = Server::Pings::Stop;

  scene.advance(44s);
  EXPECT_EQ(scene.client.counters().connection.resumed, 0U);
  scene.advance(30s);

  EXPECT_EQ(scene.client.state(), ClientState::Open);
  EXPECT_EQ(scene.client.counters().connection.resumed, 1U);
}

TEST(EventStream, SaysWhyItEnded) {
  ClientScene scene{kHttp};
  scene.start();
  scene.server.send_unnumbered(
      server::Error{signaling::ErrorCode::Superseded, "taken", {}, {}, {}});
  scene.advance(kLongestBackoff);
  EXPECT_EQ(scene.client.counters().connection.resumed, 1U);

  scene.server.crash();
  scene.advance(kLongestBackoff);

  EXPECT_EQ(scene.client.counters().connection.anew, 1U);
  EXPECT_EQ(scene.client.state(), ClientState::Open);
}

TEST(EventStream, CarriesAGoawayThatMovesTheSessionWithoutLoss) {
  ClientScene scene{kHttp};
  scene.random.set_fraction(0.5);
  scene.start();
  scene.deliver(1);
  scene.server.send_unnumbered(server::Goaway{4s});
  scene.say("p2", 1);
  scene.advance(1'999ms);
  EXPECT_EQ(scene.server.hellos.size(), 1U);
  scene.deliver(2);
  scene.say("p2", 2);

  scene.advance(1ms);
  scene.deliver(3);
  scene.advance(60s);

  EXPECT_EQ(scene.server.hellos.size(), 2U);
  EXPECT_EQ(scene.heard(), (Numbers{1, 2, 3}));
  EXPECT_EQ(scene.said(), (Numbers{1, 2}));
}

}  // namespace
}  // namespace icebreaker::signaling_client
