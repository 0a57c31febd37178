#include "common/net/stream_server.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "common/net/open_socket.hpp"
#include "tests/support/tcp_client.hpp"

namespace icebreaker::net {
namespace {

using namespace std::chrono_literals;

using Client = TcpClient;

class Recorder final : public StreamHandler {
 public:
  std::optional<MonoTime> on_open(ConnectionId id, const ConnectionInfo& info,
                                  MonoTime now) override {
    opened.push_back(id);
    last_info = info;
    return now + 1h;
  }

  std::optional<MonoTime> on_bytes(ConnectionId id, ByteView bytes, MonoTime now) override {
    received += text_of(bytes);
    if (react) react(id, bytes);
    if (close_next) return std::nullopt;
    return now + 1h;
  }

  std::optional<MonoTime> on_idle(ConnectionId /*id*/, MonoTime /*now*/) override {
    return stay_until;
  }

  void on_closed(ConnectionId id, CloseReason reason) override { closed.emplace_back(id, reason); }

  std::vector<ConnectionId> opened;
  std::vector<std::pair<ConnectionId, CloseReason>> closed;
  std::string received;
  ConnectionInfo last_info;
  std::optional<MonoTime> stay_until;
  bool close_next = false;
  std::function<void(ConnectionId, ByteView)> react;
};

class StreamServerTest : public testing::Test {
 protected:
  explicit StreamServerTest(StreamLimits limits = {}) : server_{*io_, handler_, limits} {}

  SocketAddress listen(Family family = Family::V4) {
    const auto bound = server_.listen({IpAddress::loopback(family), 0}, PortSharing::Exclusive);
    EXPECT_TRUE(bound.has_value());
    return *bound;
  }

  // Turns the loop until the condition holds; fails after 10 s.
  void run_until(const std::function<bool()>& condition) {
    const MonoTime end = MonoTime::clock::now() + 10s;
    while (!condition()) {
      const MonoTime now = MonoTime::clock::now();
      ASSERT_LT(now, end);
      io_->receive(std::min(server_.next_deadline().value_or(end), now + 20ms));
      server_.on_deadline(MonoTime::clock::now());
    }
  }

  void echo() {
    handler_.react = [this](ConnectionId id, ByteView bytes) { server_.send(id, bytes); };
  }

  std::string read_until(const Client& client, std::size_t bytes) {
    std::string result;
    run_until([&] {
      result += client.read_now().value_or("");
      return result.size() >= bytes;
    });
    return result;
  }

  std::unique_ptr<EpollIo> io_ = *EpollIo::create({});
  Recorder handler_;
  StreamServer server_;
};

TEST_F(StreamServerTest, CarriesBytesBothWays) {
  const Client client{listen()};
  echo();

  client.send("hello");

  EXPECT_EQ(read_until(client, 5), "hello");
  EXPECT_EQ(handler_.opened.size(), 1U);
  EXPECT_EQ(handler_.last_info.client.ip, IpAddress::loopback(Family::V4));
  EXPECT_EQ(server_.counters().accepted, 1U);
  EXPECT_EQ(server_.counters().open, 1U);
  EXPECT_EQ(server_.counters().received_bytes, 5U);
  EXPECT_EQ(server_.counters().sent_bytes, 5U);
}

TEST_F(StreamServerTest, ServesIpv6) {
  const Client client{listen(Family::V6)};
  echo();

  client.send("six");

  EXPECT_EQ(read_until(client, 3), "six");
}

TEST_F(StreamServerTest, TellsWhenThePeerCloses) {
  Client client{listen()};
  run_until([&] { return !handler_.opened.empty(); });

  client.close();

  run_until([&] { return !handler_.closed.empty(); });
  EXPECT_EQ(handler_.closed[0], (std::pair{handler_.opened[0], CloseReason::PeerClosed}));
  EXPECT_EQ(server_.counters().open, 0U);
  EXPECT_EQ(server_.send(handler_.opened[0], bytes_of("x")), SendResult::Closed);
}

TEST_F(StreamServerTest, AnswersAPeerThatHasClosedItsHalf) {
  const Client client{listen()};
  echo();

  client.send("last question");
  client.shut_down_writing();

  EXPECT_EQ(read_until(client, 13), "last question");
  run_until([&] { return client.read_now() == ""; });
}

TEST_F(StreamServerTest, ClosesAtTheDeadlineThatTheHandlerSets) {
  const Client client{listen()};
  run_until([&] { return !handler_.opened.empty(); });
  EXPECT_EQ(client.read_now(), std::nullopt);

  server_.on_deadline(server_.next_deadline().value());

  EXPECT_EQ(client.read_now(), "");
  EXPECT_EQ(handler_.closed.at(0).second, CloseReason::Deadline);
}

TEST_F(StreamServerTest, ClosesWhenTheHandlerAsksTo) {
  handler_.close_next = true;
  const Client client{listen()};

  client.send("x");

  run_until([&] { return client.read_now() == ""; });
  EXPECT_EQ(handler_.closed.at(0).second, CloseReason::ByHandler);
}

TEST_F(StreamServerTest, LetsTheHandlerCloseFromInsideACall) {
  handler_.react = [this](ConnectionId id, ByteView) { server_.close(id); };
  const Client client{listen()};

  client.send("x");

  run_until([&] { return client.read_now() == ""; });
  EXPECT_EQ(handler_.closed.size(), 1U);
  EXPECT_FALSE(server_.next_deadline().has_value());
}

class SmallStreamServerTest : public StreamServerTest {
 protected:
  static constexpr std::size_t kUnsentLimit = 100'000;

  SmallStreamServerTest()
      : StreamServerTest{{.connections = 2, .unsent_bytes_per_connection = kUnsentLimit}} {}
};

TEST_F(SmallStreamServerTest, BoundsWhatWaitsForAPeerThatDoesNotReadAndLosesNothingOfTheRest) {
  const Client client{listen()};
  run_until([&] { return !handler_.opened.empty(); });
  const std::string message(10'000, 'm');

  std::size_t taken = 0;
  SendResult result = SendResult::Taken;
  while ((result = server_.send(handler_.opened[0], bytes_of(message))) == SendResult::Taken) {
    taken += message.size();
    ASSERT_LT(taken, std::size_t{1} << 30U);
  }

  EXPECT_EQ(result, SendResult::NoRoom);
  EXPECT_LE(taken - server_.counters().sent_bytes, kUnsentLimit);
  EXPECT_EQ(read_until(client, taken).size(), taken);
  EXPECT_EQ(server_.send(handler_.opened[0], bytes_of(message)), SendResult::Taken);
}

TEST_F(StreamServerTest, AsksTheHandlerBeforeItClosesAtADeadline) {
  const Client client{listen()};
  run_until([&] { return !handler_.opened.empty(); });
  handler_.stay_until = MonoTime::clock::now() + 2h;

  server_.on_deadline(server_.next_deadline().value());

  EXPECT_TRUE(handler_.closed.empty());
  EXPECT_EQ(server_.next_deadline(), handler_.stay_until);
}

TEST_F(StreamServerTest, SendsWhatATurnGatheredInOneWrite) {
  const Client client{listen()};
  run_until([&] { return !handler_.opened.empty(); });

  server_.send(handler_.opened[0], bytes_of("one "));
  server_.send(handler_.opened[0], {bytes_of("two"), bytes_of("three"), 1}, 100);
  EXPECT_EQ(client.read_now(), std::nullopt);
  server_.flush();

  EXPECT_EQ(read_until(client, 13), (std::string{"one twothree\0", 13}));
}

TEST_F(StreamServerTest, HoldsAMessageToTheLimitThatComesWithIt) {
  const Client client{listen()};
  run_until([&] { return !handler_.opened.empty(); });

  EXPECT_EQ(server_.send(handler_.opened[0], {{}, bytes_of("12345")}, 4), SendResult::NoRoom);
  EXPECT_EQ(server_.send(handler_.opened[0], {{}, bytes_of("1234")}, 4), SendResult::Taken);
}

class NetworkLimitTest : public StreamServerTest {
 protected:
  NetworkLimitTest() : StreamServerTest{{.connections_per_network = 1}} {}
};

TEST_F(NetworkLimitTest, RefusesConnectionsOfANetworkThatHasItsShare) {
  const SocketAddress address = listen();
  Client first{address};
  const Client second{address};
  run_until([&] { return second.read_now() == ""; });
  EXPECT_EQ(server_.counters().refused_network, 1U);

  first.close();
  run_until([&] { return handler_.closed.size() == 1; });
  const Client third{address};

  run_until([&] { return handler_.opened.size() == 2; });
}

TEST(NetworkCounts, CountsNetworksAndNotAddresses) {
  NetworkCounts counts{2};
  const auto ip = [](std::string_view text) { return IpAddress::parse(text).value(); };

  EXPECT_TRUE(counts.take(ip("192.0.2.1")));
  EXPECT_TRUE(counts.take(ip("::ffff:192.0.2.200")));
  EXPECT_FALSE(counts.take(ip("192.0.2.7")));
  EXPECT_TRUE(counts.take(ip("192.0.3.1")));
  EXPECT_TRUE(counts.take(ip("2001:db8:0:1::1")));
  EXPECT_TRUE(counts.take(ip("2001:db8:0:ff::1")));
  EXPECT_FALSE(counts.take(ip("2001:db8:0:2::1")));
  EXPECT_EQ(counts.networks(), 3U);

  counts.give_back(ip("192.0.2.9"));
  counts.give_back(ip("192.0.2.9"));
  EXPECT_EQ(counts.networks(), 2U);
}

TEST_F(SmallStreamServerTest, RefusesConnectionsOverItsLimit) {
  const SocketAddress address = listen();
  const Client first{address};
  const Client second{address};
  const Client third{address};

  run_until([&] { return third.read_now() == ""; });

  EXPECT_EQ(server_.counters().refused, 1U);
  EXPECT_EQ(server_.counters().open, 2U);
}

TEST_F(SmallStreamServerTest, TakesNewConnectionsAfterOthersEnd) {
  const SocketAddress address = listen();
  Client first{address};
  const Client second{address};
  run_until([&] { return handler_.opened.size() == 2; });

  first.close();
  run_until([&] { return handler_.closed.size() == 1; });
  const Client third{address};

  run_until([&] { return handler_.opened.size() == 3; });
  EXPECT_NE(handler_.opened[2], handler_.opened[0]);
}

TEST_F(StreamServerTest, RefusesAnAddressInUse) {
  const SocketAddress taken = listen();

  EXPECT_EQ(server_.listen(taken, PortSharing::Exclusive).error(), std::errc::address_in_use);
  EXPECT_EQ(check_address_is_free(Transport::Tcp, taken), std::errc::address_in_use);
}

}  // namespace
}  // namespace icebreaker::net
