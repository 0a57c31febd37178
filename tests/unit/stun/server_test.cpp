// The parts of the STUN server that can be tested without starting it.
#include <array>

#include <gtest/gtest.h>

#include "common/stun/message_builder.hpp"
#include "stun/server/config.hpp"
#include "stun/server/default_config.hpp"
#include "stun/server/udp_responder.hpp"
#include "tests/support/memory_net.hpp"

namespace icebreaker::stun {
namespace {

using namespace std::chrono_literals;

SocketAddress at(std::string_view text) {
  return *SocketAddress::parse(text);
}

class UdpResponderTest : public testing::Test {
 protected:
  void send(std::string_view to, ByteView bytes) {
    client_->send({client_socket_, {}, at(to), {}, bytes});
    client_->flush();
  }

  ByteView binding_request() {
    return MessageBuilder{request_, MessageClass::Request, Method::Binding, {}}.finish();
  }

  net::MemoryNet net_;
  std::unique_ptr<net::MemoryIo> server_ =
      net_.add_host({at("192.0.2.1:0").ip, at("192.0.2.2:0").ip});
  std::unique_ptr<net::MemoryIo> client_ = net_.add_host({at("198.51.100.1:0").ip});
  UdpResponder responder_{*server_};
  net::SocketId client_socket_ =
      client_->open(at("198.51.100.1:5000"), net::PortSharing::Exclusive)->id;
  std::array<std::byte, 64> request_{};
};

TEST_F(UdpResponderTest, AnswersFromTheAddressThatWasAsked) {
  ASSERT_TRUE(server_->open(at("0.0.0.0:3478"), net::PortSharing::ReusePort).has_value());
  send("192.0.2.2:3478", binding_request());

  responder_.run_once({});

  const auto answers = client_->receive({});
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].from, at("192.0.2.2:3478"));
  EXPECT_EQ(responder_.counters().of(Outcome::Success), 1U);
}

TEST_F(UdpResponderTest, AnswersEveryRequestOfABatchAndOnlyThose) {
  ASSERT_TRUE(server_->open(at("0.0.0.0:3478"), net::PortSharing::ReusePort).has_value());
  for (int i = 0; i < 20; ++i) {
    send("192.0.2.1:3478", binding_request());
    send("192.0.2.1:3478", bytes_of("garbage"));
  }

  responder_.run_once({});

  EXPECT_EQ(client_->receive({}).size(), 20U);
  EXPECT_EQ(responder_.counters().of(Outcome::Success), 20U);
  EXPECT_EQ(responder_.counters().of(Outcome::NotStun), 20U);
}

TEST_F(UdpResponderTest, WaitsNoLongerThanItIsTold) {
  const MonoTime until{5s};

  responder_.run_once(until);

  EXPECT_EQ(server_->last_until(), until);
}

ServerConfig config(std::string_view text) {
  const auto file = service::ConfigFile::parse("stun.toml", text);
  auto result = read_config(file.root());
  service::read_log_config(file.root());
  file.finish();
  return result;
}

TEST(StunConfig, TakesTheBuiltInDefault) {
  const ServerConfig built_in = config(kDefaultConfig);

  EXPECT_EQ(built_in.listeners.size(), 4U);
  EXPECT_GE(built_in.workers, 1U);
  EXPECT_EQ(built_in.tcp, (TcpLimits{10'000, 60s, 5s}));
  EXPECT_EQ(built_in.metrics, at("127.0.0.1:9642"));
}

TEST(StunConfig, HasTheDefaultsThatTheBuiltInTextNames) {
  const ServerConfig shortest = config("[[listen]]\ntransport = \"udp\"\naddress = \"[::]:0\"\n");

  EXPECT_EQ(shortest.tcp, config(kDefaultConfig).tcp);
  EXPECT_FALSE(shortest.metrics.has_value());
}

TEST(StunConfig, RefusesDiscoveryInWords) {
  try {
    config(
        "[[listen]]\ntransport = \"udp\"\naddress = \"[::]:0\"\n[discovery]\nprimary = \"::\"\n");
    FAIL();
  } catch (const service::ConfigError& error) {
    EXPECT_TRUE(std::string_view{error.what()}.starts_with(
        "stun.toml:4: discovery: NAT behaviour discovery (RFC 5780) is not available"))
        << error.what();
  }
}

}  // namespace
}  // namespace icebreaker::stun
