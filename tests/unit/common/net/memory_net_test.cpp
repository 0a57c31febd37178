#include "tests/support/memory_net.hpp"

#include <gtest/gtest.h>

namespace icebreaker::net {
namespace {

SocketAddress at(std::string_view text) {
  return *SocketAddress::parse(text);
}

IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

class MemoryNetTest : public testing::Test {
 protected:
  SocketId open(MemoryIo& host, std::string_view local) {
    return host.open(at(local), PortSharing::Exclusive)->id;
  }

  MemoryNet net_;
  std::unique_ptr<MemoryIo> server_ = net_.add_host({ip("192.0.2.1"), ip("192.0.2.2")});
  std::unique_ptr<MemoryIo> client_ = net_.add_host({ip("198.51.100.1"), ip("2001:db8::1")});
};

TEST_F(MemoryNetTest, CarriesDatagramsInOrderAfterTheFlush) {
  const SocketId socket = open(*server_, "192.0.2.1:3478");
  const SocketId client = open(*client_, "198.51.100.1:5000");
  client_->send({client, {}, at("192.0.2.1:3478"), bytes_of("he"), bytes_of("ad")});
  client_->send({client, {}, at("192.0.2.1:3478"), {}, bytes_of("tail")});
  EXPECT_TRUE(server_->receive({}).empty());

  client_->flush();

  const auto arrived = server_->receive({});
  ASSERT_EQ(arrived.size(), 2U);
  EXPECT_EQ(text_of(arrived[0].bytes), "head");
  EXPECT_EQ(text_of(arrived[1].bytes), "tail");
  EXPECT_EQ(arrived[0].socket, socket);
  EXPECT_EQ(arrived[0].from, at("198.51.100.1:5000"));
  EXPECT_EQ(arrived[0].to, at("192.0.2.1:3478"));
  EXPECT_TRUE(server_->receive({}).empty());
}

TEST_F(MemoryNetTest, AnswersFromTheAddressThatAWildcardSocketWasAskedAt) {
  const SocketId socket = open(*server_, "0.0.0.0:3478");
  const SocketId client = open(*client_, "198.51.100.1:5000");
  client_->send({client, {}, at("192.0.2.2:3478"), {}, bytes_of("ping")});
  client_->flush();
  const Datagram ping = server_->receive({})[0];

  server_->send({socket, ping.to.ip, ping.from, {}, bytes_of("pong")});
  server_->flush();

  EXPECT_EQ(client_->receive({})[0].from, at("192.0.2.2:3478"));
}

TEST_F(MemoryNetTest, RefusesWhatTheKernelRefuses) {
  const SocketId client = open(*client_, "198.51.100.1:5000");

  EXPECT_EQ(client_->open(at("203.0.113.9:1"), PortSharing::Exclusive).error(),
            std::errc::address_not_available);
  EXPECT_EQ(client_->open(at("0.0.0.0:5000"), PortSharing::Exclusive).error(),
            std::errc::address_in_use);
  client_->send({client, {}, at("[2001:db8::1]:1"), {}, bytes_of("x")});
  client_->flush();
  EXPECT_EQ(client_->counters().send_failures, 1U);
}

TEST_F(MemoryNetTest, ChoosesFreePortsAndFailsOpensOnRequest) {
  EXPECT_EQ(client_->open(at("198.51.100.1:0"), PortSharing::Exclusive)->local.port, 49152);
  EXPECT_EQ(client_->open(at("198.51.100.1:0"), PortSharing::Exclusive)->local.port, 49153);

  client_->fail_opens(make_error_code(std::errc::too_many_files_open), 1);

  EXPECT_EQ(client_->open(at("198.51.100.1:0"), PortSharing::Exclusive).error(),
            std::errc::too_many_files_open);
  EXPECT_TRUE(client_->open(at("198.51.100.1:0"), PortSharing::Exclusive).has_value());
}

TEST_F(MemoryNetTest, LosesDatagramsToClosedSockets) {
  const SocketId socket = open(*server_, "192.0.2.1:3478");
  const SocketId client = open(*client_, "198.51.100.1:5000");
  server_->close(socket);

  client_->send({client, {}, at("192.0.2.1:3478"), {}, bytes_of("x")});
  client_->flush();

  EXPECT_EQ(net_.lost(), 1U);
  EXPECT_EQ(server_->open_sockets(), 0U);
}

}  // namespace
}  // namespace icebreaker::net
