// What datagrams carry in their IP header, and what ICMP says of them, over the real loopback.
#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/net/epoll_io.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::net {
namespace {

using namespace std::chrono_literals;

class IpHeaderTest : public testing::TestWithParam<Family> {
 protected:
  static OpenedSocket open(EpollIo& io, PortSharing sharing = PortSharing::Exclusive) {
    return io.open({IpAddress::loopback(GetParam()), 0}, sharing).value();
  }

  static void send(EpollIo& io, SocketId via, const SocketAddress& to, std::uint8_t traffic_class) {
    io.send({.via = via,
             .source = std::nullopt,
             .to = to,
             .header = {},
             .payload = bytes_of("payload"),
             .traffic_class = traffic_class});
  }

  std::unique_ptr<EpollIo> sender_ = *EpollIo::create({});
  std::unique_ptr<EpollIo> receiver_ = *EpollIo::create({});
  const MonoTime until_ = MonoTime::clock::now() + 10s;
};

TEST_P(IpHeaderTest, KeepsDscpAndEcnOfEachDatagramApart) {
  const auto to = open(*receiver_, PortSharing::ReusePort);
  const auto from = open(*sender_);
  const std::vector<std::uint8_t> sent{0, 0, 0xB8, 0xB8, 0xBA, 0x02, 0x01, 0};

  for (const std::uint8_t each : sent) send(*sender_, from.id, to.local, each);
  sender_->flush();

  std::vector<std::uint8_t> arrived;
  while (arrived.size() < sent.size() && MonoTime::clock::now() < until_) {
    for (const Datagram& each : receiver_->receive(until_)) arrived.push_back(each.traffic_class);
  }
  std::vector<std::uint8_t> sorted = sent;  // aggregates of one class may overtake another's
  std::ranges::sort(sorted);
  std::ranges::sort(arrived);
  EXPECT_EQ(arrived, sorted);
}

TEST_P(IpHeaderTest, TellsWhichPeerIsUnreachable) {
  const SocketAddress closed = open(*receiver_).local;
  receiver_.reset();
  const auto from = open(*sender_);

  send(*sender_, from.id, closed, 0);
  sender_->flush();
  std::vector<PathError> errors;
  while (errors.empty() && MonoTime::clock::now() < until_) {
    EXPECT_TRUE(sender_->receive(until_).empty());
    errors.assign(sender_->path_errors().begin(), sender_->path_errors().end());
  }

  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].socket, from.id);
  EXPECT_EQ(errors[0].to, closed);
  const bool v4 = GetParam() == Family::V4;
  EXPECT_EQ(errors[0].type, v4 ? 3 : 1);
  EXPECT_EQ(errors[0].code, v4 ? 3 : 4);
  EXPECT_EQ(errors[0].mtu, 0U);
}

TEST_P(IpHeaderTest, GoesOnWithManyUnreachablePeersAndTellsOfAll) {
  const auto reachable = open(*receiver_);
  SocketAddress closed;
  {
    const auto gone = *EpollIo::create({});
    closed = open(*gone).local;
  }
  const auto from = open(*sender_);
  constexpr std::size_t kMany = 40;
  for (std::size_t i = 0; i < kMany; ++i) {
    send(*sender_, from.id, closed, 0);
    send(*sender_, from.id, reachable.local, 0);
    sender_->flush();
  }

  std::size_t arrived = 0;
  std::size_t errors = 0;
  while ((arrived < kMany || errors == 0) && MonoTime::clock::now() < until_) {
    arrived += receiver_->receive(MonoTime::clock::now() + 10ms).size();
    sender_->receive(MonoTime::clock::now() + 10ms);
    errors += sender_->path_errors().size();
  }

  EXPECT_EQ(arrived, kMany);
  EXPECT_GE(errors, 1U);
  EXPECT_EQ(sender_->counters().send_failures, 0U);
}

INSTANTIATE_TEST_SUITE_P(Families, IpHeaderTest, testing::Values(Family::V4, Family::V6),
                         [](const auto& each) { return each.param == Family::V4 ? "V4" : "V6"; });

// A raw socket sees the header of what arrives.
class DontFragmentTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!raw_) GTEST_SKIP() << "needs CAP_NET_RAW";
  }

  // Whether DF is set on the next datagram that carries `text`; waits, at most 10 s.
  bool df_of(std::string_view text) {
    const MonoTime until = MonoTime::clock::now() + 10s;
    const timeval timeout{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(raw_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    constexpr std::size_t kHeaderBytes = 20 + 8;
    while (MonoTime::clock::now() < until) {
      std::array<std::byte, 2048> packet{};
      const auto size = ::recv(raw_.get(), packet.data(), packet.size(), 0);
      if (size < static_cast<ssize_t>(kHeaderBytes)) continue;
      const ByteView bytes = ByteView{packet}.first(static_cast<std::size_t>(size));
      if (text_of(bytes.subspan(kHeaderBytes)) == text) {
        return (bytes[6] & std::byte{0x40}) != std::byte{0};
      }
    }
    ADD_FAILURE() << "nothing came";
    return false;
  }

  UniqueFd raw_{::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP)};
};

TEST_F(DontFragmentTest, SetsDfForThoseDatagramsOnlyThatAskForIt) {
  const auto io = *EpollIo::create({.aggregates = Aggregates::Never});
  const auto to = io->open({IpAddress::loopback(Family::V4), 0}, PortSharing::Exclusive).value();
  const auto from = io->open({IpAddress::loopback(Family::V4), 0}, PortSharing::Exclusive).value();
  const std::string unique = std::to_string(from.local.port) + "-" + std::to_string(to.local.port);
  const std::string first = unique + " may be fragmented";
  const std::string second = unique + " must stay whole";
  const std::string third = unique + " may be fragmented again";

  for (const std::string* each : {&first, &second, &third}) {
    io->send({.via = from.id,
              .source = std::nullopt,
              .to = to.local,
              .header = {},
              .payload = bytes_of(*each),
              .dont_fragment = each == &second});
  }
  io->flush();

  EXPECT_FALSE(df_of(first));
  EXPECT_TRUE(df_of(second));
  EXPECT_FALSE(df_of(third));
}

}  // namespace
}  // namespace icebreaker::net
