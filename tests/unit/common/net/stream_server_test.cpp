#include "common/net/stream_server.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/net/open_socket.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::net {
namespace {

using namespace std::chrono_literals;

// A blocking client whose reads end after 10 s at the latest.
class Client {
 public:
  explicit Client(const SocketAddress& server)
      : fd_{::socket(server.ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const SockAddr address{server};
    EXPECT_EQ(::connect(fd_.get(), address.get(), address.size()), 0);
  }

  void send(std::string_view text) const {
    EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  void shut_down_writing() const { ::shutdown(fd_.get(), SHUT_WR); }

  // Whatever can be read now; nothing while nothing is there, "" at the end of the stream.
  [[nodiscard]] std::optional<std::string> read_now() const {
    std::array<char, 65536> buffer{};
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    return std::string{buffer.data(), static_cast<std::size_t>(size)};
  }

  void close() { fd_ = UniqueFd{}; }

 private:
  UniqueFd fd_;
};

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

  void on_closed(ConnectionId id, CloseReason reason) override { closed.emplace_back(id, reason); }

  std::vector<ConnectionId> opened;
  std::vector<std::pair<ConnectionId, CloseReason>> closed;
  std::string received;
  ConnectionInfo last_info;
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
