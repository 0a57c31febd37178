#include "turn/server/stream_clients.hpp"

#include <array>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/tcp_client.hpp"
#include "tests/support/turn_client.hpp"

namespace icebreaker::turn::test {
namespace {

using namespace std::chrono_literals;

Bytes binding_request() {
  std::array<std::byte, 64> buffer{};
  const stun::MessageBuilder request{
      buffer, stun::MessageClass::Request, stun::Method::Binding, {}};
  return copy_of(request.finish());
}

std::string text(ByteView bytes) {
  return std::string{text_of(bytes)};
}

// Keeps what arrives.
class Recorder final : public LinkReceiver {
 public:
  void on_message(Now /*now*/, const FiveTuple& from, ByteView message) override {
    messages.push_back(copy_of(message));
    last_from = from;
    if (react) react(from);
  }

  void on_link_closed(Now /*now*/, const FiveTuple& client) override { closed.push_back(client); }

  [[nodiscard]] bool has_allocation(const FiveTuple& /*client*/, MonoTime /*now*/) override {
    return allocated;
  }

  std::vector<Bytes> messages;
  std::vector<FiveTuple> closed;
  FiveTuple last_from;
  bool allocated = false;
  std::function<void(const FiveTuple&)> react;
};

class StreamClientsTest : public testing::Test {
 protected:
  StreamClientsTest() { clients_.attach(worker_); }

  // Turns the loop until the condition holds; fails after 10 s.
  void run_until(const std::function<bool()>& condition) {
    const MonoTime end = MonoTime::clock::now() + 10s;
    while (!condition()) {
      ASSERT_LT(MonoTime::clock::now(), end);
      io_->receive(MonoTime::clock::now() + 20ms);
      clients_.on_deadline({MonoTime::clock::now(), WallTime::clock::now()});
      clients_.flush({MonoTime::clock::now(), WallTime::clock::now()});
    }
  }

  void pass_deadline() {
    clients_.on_deadline({clients_.next_deadline().value(), WallTime::clock::now()});
  }

  std::uint64_t ends(StreamEnd end) const { return clients_.counters().ends.of(end); }

  static constexpr std::size_t kUnsentBytes = 65'536;

  std::unique_ptr<net::EpollIo> io_ = *net::EpollIo::create({});
  service::Log log_{service::LogLevel::Error, service::LogFormat::Text};
  Recorder worker_;
  StreamClients clients_{*io_,
                         {.connections = 10,
                          .connections_per_network = 3,
                          .idle_timeout = 1h,
                          .message_timeout = 1h,
                          .unsent_bytes = kUnsentBytes},
                         log_};
  SocketAddress address_ = *clients_.listen({.transport = Transport::Tcp,
                                             .address = {IpAddress::loopback(Family::V4), 0},
                                             .proxies = {}});
};

TEST_F(StreamClientsTest, CutsAStreamIntoMessages) {
  const net::TcpClient client{address_};
  const Bytes request = binding_request();
  const Bytes data = TurnClient::channel_data(0x4000, "hello", 3);

  client.send(text(request));
  client.send(text(ByteView{data}.first(5)));
  run_until([&] { return worker_.messages.size() == 1; });
  client.send(text(ByteView{data}.subspan(5)));
  run_until([&] { return worker_.messages.size() == 2; });

  EXPECT_EQ(worker_.messages, (std::vector{request, data}));
  EXPECT_EQ(kind_of(worker_.last_from.link), LinkKind::Stream);
  EXPECT_EQ(worker_.last_from.client.value, client.local());
  EXPECT_EQ(worker_.last_from.server, address_);
}

TEST_F(StreamClientsTest, SendsHeaderPayloadAndPaddingAsOne) {
  const net::TcpClient client{address_};
  worker_.react = [&](const FiveTuple& from) {
    EXPECT_EQ(clients_.send(from, {bytes_of("head"), bytes_of("body"), 2}, Importance::Data),
              LinkSend::Taken);
  };

  client.send(text(binding_request()));

  std::string got;
  run_until([&] { return (got += client.read_now().value_or("")).size() >= 10; });
  EXPECT_EQ(got, (std::string{"headbody\0\0", 10}));
}

TEST_F(StreamClientsTest, TellsWhenAClientIsGone) {
  net::TcpClient client{address_};
  client.send(text(binding_request()));
  run_until([&] { return !worker_.messages.empty(); });

  client.close();
  run_until([&] { return !worker_.closed.empty(); });

  EXPECT_EQ(worker_.closed, std::vector{worker_.last_from});
  EXPECT_EQ(ends(StreamEnd::ByClient), 1U);
  EXPECT_EQ(clients_.send(worker_.last_from, {{}, bytes_of("x")}, Importance::Data),
            LinkSend::Closed);
}

TEST_F(StreamClientsTest, ClosesOtherProtocolsAtTheirFirstByte) {
  for (const std::string_view text : {"GET / HTTP/1.1\r\n", "@\xFF\xFF\xFF", "\x80\x00"}) {
    const net::TcpClient client{address_};
    client.send(text);
    run_until([&] { return client.read_now() == ""; });
  }
  EXPECT_EQ(ends(StreamEnd::NotTurn), 3U);
}

TEST_F(StreamClientsTest, ClosesAStreamThatFallsOutOfStep) {
  const net::TcpClient client{address_};

  client.send(text(binding_request()) + std::string{"GET /"});

  run_until([&] { return client.read_now() == ""; });
  EXPECT_EQ(worker_.messages.size(), 1U);
}

// coturn CVE-2026-68552
TEST_F(StreamClientsTest, ClosesOnLengthsThatWrapIn16Bits) {
  worker_.allocated = true;
  for (const std::uint16_t length :
       std::initializer_list<std::uint16_t>{65'516, 65'519, 65'520, 65'532, 65'535}) {
    for (const std::uint16_t type : std::initializer_list<std::uint16_t>{0x0001, 0x4000}) {
      const net::TcpClient client{address_};
      Bytes bytes = binding_request();
      const std::size_t second = bytes.size();
      bytes.resize(second + 8);
      ByteWriter out{MutableByteView{bytes}.subspan(second)};
      out.u16(type);
      out.u16(length);
      out.u32(0x2112A442);

      client.send(text(bytes));

      run_until([&] { return client.read_now() == ""; });
    }
  }
  // A STUN length that is no multiple of four is no frame, whatever its size.
  EXPECT_EQ(ends(StreamEnd::TooLong) + ends(StreamEnd::NotTurn), 10U);
  EXPECT_GE(ends(StreamEnd::TooLong), 8U);
}

TEST_F(StreamClientsTest, TakesLongMessagesOnlyOfClientsWithAnAllocation) {
  Bytes long_message(5004, std::byte{0});
  ByteWriter out{long_message};
  out.u16(0x4000);
  out.u16(5000);
  const net::TcpClient stranger{address_};
  stranger.send(text(binding_request()) + std::string{text(long_message)});
  run_until([&] { return stranger.read_now() == ""; });
  EXPECT_EQ(ends(StreamEnd::TooLong), 1U);

  worker_.allocated = true;
  const net::TcpClient friendly{address_};
  friendly.send(text(binding_request()) + std::string{text(long_message)});
  run_until([&] { return worker_.messages.size() == 3; });

  EXPECT_EQ(worker_.messages[2], long_message);
}

TEST_F(StreamClientsTest, ClosesIdleAndUnfinishedClientsWithoutAllocation) {
  const net::TcpClient idle{address_};
  idle.send(text(binding_request()));
  run_until([&] { return worker_.messages.size() == 1; });
  const net::TcpClient unfinished{address_};
  unfinished.send(text(binding_request()) + std::string{"\0\1", 2});
  run_until([&] { return worker_.messages.size() == 2; });

  pass_deadline();
  pass_deadline();

  EXPECT_EQ(ends(StreamEnd::Idle), 1U);
  EXPECT_EQ(ends(StreamEnd::Unfinished), 1U);
  EXPECT_EQ(worker_.closed.size(), 2U);
}

TEST_F(StreamClientsTest, KeepsIdleClientsWithAnAllocation) {
  worker_.allocated = true;
  const net::TcpClient client{address_};
  client.send(text(binding_request()));
  run_until([&] { return !worker_.messages.empty(); });

  pass_deadline();
  EXPECT_TRUE(worker_.closed.empty());

  worker_.allocated = false;
  pass_deadline();
  EXPECT_EQ(ends(StreamEnd::Idle), 1U);
}

TEST_F(StreamClientsTest, DropsDataForASlowReaderAndKeepsRoomForControl) {
  worker_.allocated = true;
  const net::TcpClient client{address_};
  client.send(text(binding_request()));
  run_until([&] { return !worker_.messages.empty(); });
  const std::string data(10'000, 'd');
  const auto send = [&](std::string_view text, Importance importance) {
    return clients_.send(worker_.last_from, {{}, bytes_of(text)}, importance);
  };

  std::size_t taken = 0;
  while (send(data, Importance::Data) == LinkSend::Taken) taken += data.size();

  EXPECT_EQ(send(data, Importance::Data), LinkSend::ClientTooSlow);
  EXPECT_EQ(send("control", Importance::Control), LinkSend::Taken);
  std::string got;
  run_until([&] {
    got += client.read_now().value_or("");
    return got.size() >= taken + 7;
  });
  EXPECT_EQ(got.size(), taken + 7);
  EXPECT_EQ(got.substr(taken), "control");
  EXPECT_TRUE(worker_.closed.empty());
}

TEST_F(StreamClientsTest, ClosesClientsThatDoNotEvenReadControl) {
  for (const bool allocated : {true, false}) {
    worker_.allocated = allocated;
    worker_.messages.clear();
    const net::TcpClient client{address_};
    client.send(text(binding_request()));
    run_until([&] { return !worker_.messages.empty(); });
    const std::string reply(500, 'c');

    std::size_t waiting = 0;
    while (clients_.send(worker_.last_from, {{}, bytes_of(reply)}, Importance::Control) ==
           LinkSend::Taken) {
      waiting += reply.size();
    }
    EXPECT_EQ(worker_.closed.size(), allocated ? 0U : 1U);
    clients_.flush({MonoTime::clock::now(), WallTime::clock::now()});

    EXPECT_EQ(worker_.closed.back(), worker_.last_from);
  }
  EXPECT_EQ(ends(StreamEnd::NotReading), 2U);
}

TEST_F(StreamClientsTest, RefusesMoreConnectionsOfOneNetworkThanAllowed) {
  const std::array<net::TcpClient, 3> clients{net::TcpClient{address_}, net::TcpClient{address_},
                                              net::TcpClient{address_}};
  const net::TcpClient fourth{address_};

  run_until([&] { return fourth.read_now() == ""; });

  EXPECT_EQ(clients_.streams().refused_network, 1U);
  EXPECT_EQ(clients_.streams().open, 3U);
}

}  // namespace
}  // namespace icebreaker::turn::test
