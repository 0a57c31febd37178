#include "turn/server/relay_sockets.hpp"

#include <cerrno>
#include <set>

#include <gtest/gtest.h>

#include "common/crypto/system_random.hpp"
#include "tests/support/memory_net.hpp"

namespace icebreaker::turn::test {
namespace {

class RelaySocketsTest : public testing::Test {
 protected:
  // The port bound, or the error.
  std::expected<std::uint16_t, std::error_code> open(PortParity parity = PortParity::Any) {
    return port_of(sockets_.open(
        now_, {.relay = RelayId{++last_relay_}, .address = address_, .parity = parity}));
  }

  static constexpr ReservationToken kToken{std::byte{1}};

  std::expected<std::uint16_t, std::error_code> open_and_keep_next() {
    return port_of(sockets_.open(now_, {.relay = RelayId{++last_relay_},
                                        .address = address_,
                                        .parity = PortParity::Even,
                                        .keep_next = kToken,
                                        .user = "alice"}));
  }

  std::expected<std::uint16_t, std::error_code> open_held(std::uint16_t port) {
    return port_of(sockets_.open(
        now_, {.relay = RelayId{++last_relay_}, .address = address_, .held_port = port}));
  }

  static std::expected<std::uint16_t, std::error_code> port_of(
      const std::expected<SocketAddress, std::error_code>& bound) {
    if (!bound) return std::unexpected(bound.error());
    return bound->port;
  }

  const IpAddress address_ = IpAddress::parse("192.0.2.1").value();
  net::MemoryNet net_;
  std::unique_ptr<net::MemoryIo> io_ = net_.add_host({address_});
  crypto::SystemRandom random_;
  ReservationLedger reservations_;
  RelaySockets sockets_{*io_, random_, reservations_, {.first = 50001, .last = 50008}};
  std::uint32_t last_relay_ = 0;
  MonoTime now_{};
};

TEST_F(RelaySocketsTest, FindsEveryFreePortOfTheRange) {
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 8; ++i) ports.insert(open().value());

  EXPECT_EQ(ports.size(), 8U);
  EXPECT_EQ(*ports.begin(), 50001);
  EXPECT_EQ(*ports.rbegin(), 50008);
  EXPECT_EQ(open().error(), std::errc::address_in_use);
}

TEST_F(RelaySocketsTest, FindsEveryFreeEvenPort) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(open(PortParity::Even).value() % 2, 0);

  EXPECT_EQ(open(PortParity::Even).error(), std::errc::address_in_use);
  EXPECT_TRUE(open().has_value());
}

TEST_F(RelaySocketsTest, GivesUpAtOnceWhenAnotherPortWouldNotHelp) {
  io_->fail_opens({EMFILE, std::system_category()}, 1);

  EXPECT_EQ(open().error(), std::errc::too_many_files_open);
  EXPECT_TRUE(open().has_value());
}

TEST_F(RelaySocketsTest, FreesThePortOfAClosedRelay) {
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(open().has_value());
  const auto freed = sockets_.socket_of(RelayId{3}, Family::V4).value();

  sockets_.close(RelayId{3}, Family::V4);

  EXPECT_FALSE(sockets_.relay_of(freed.id).has_value());
  EXPECT_FALSE(sockets_.socket_of(RelayId{3}, Family::V4).has_value());
  EXPECT_EQ(open(), freed.local.port);
}

// coturn lost a port each time.
TEST_F(RelaySocketsTest, LosesNoPortToAHundredThousandEvenPorts) {
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(open(PortParity::Even).has_value());
    sockets_.close(RelayId{last_relay_}, Family::V4);
  }

  for (int i = 0; i < 8; ++i) EXPECT_TRUE(open().has_value());
  EXPECT_EQ(io_->open_sockets(), 8U);
}

TEST_F(RelaySocketsTest, KeepsAReservedPortFreeUntilItsTokenComesOrThirtySecondsPass) {
  const auto even = open_and_keep_next();
  ASSERT_TRUE(even.has_value());
  EXPECT_EQ(*even % 2, 0);
  const auto next = static_cast<std::uint16_t>(*even + 1U);
  for (int i = 0; i < 6; ++i) EXPECT_NE(open().value(), next);
  EXPECT_EQ(open().error(), std::errc::address_in_use);
  EXPECT_EQ(reservations_.find(now_, kToken, "alice")->port, next);

  EXPECT_EQ(open_held(next), next);

  EXPECT_EQ(reservations_.size(now_), 0U);
  EXPECT_EQ(open_held(next).error(), std::errc::address_in_use);
}

TEST_F(RelaySocketsTest, GivesAnExpiredReservationBackToTheRange) {
  ASSERT_TRUE(open_and_keep_next().has_value());
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(open().has_value());

  now_ += kReservationLifetime;

  EXPECT_TRUE(open().has_value());
}

TEST_F(RelaySocketsTest, LeaksNothingWhenThePortAfterAnEvenOneIsTaken) {
  for (const int port : {50003, 50005, 50007}) {
    const auto odd = static_cast<std::uint16_t>(port);
    ASSERT_TRUE(io_->open({address_, odd}, net::PortSharing::Exclusive).has_value());
  }

  EXPECT_EQ(open_and_keep_next().error(), std::errc::address_in_use);

  EXPECT_EQ(io_->open_sockets(), 3U);
  EXPECT_EQ(reservations_.size(now_), 0U);
}

TEST_F(RelaySocketsTest, KeepsTheSocketsOfTwoFamiliesApart) {
  const IpAddress v6 = IpAddress::parse("2001:db8::1").value();
  const auto io = net_.add_host({address_, v6});
  RelaySockets sockets{*io, random_, reservations_, {.first = 50001, .last = 50008}};
  ASSERT_TRUE(sockets.open(now_, {.relay = RelayId{1}, .address = address_}).has_value());
  ASSERT_TRUE(sockets.open(now_, {.relay = RelayId{1}, .address = v6}).has_value());

  sockets.close(RelayId{1}, Family::V4);

  EXPECT_FALSE(sockets.socket_of(RelayId{1}, Family::V4).has_value());
  EXPECT_EQ(sockets.socket_of(RelayId{1}, Family::V6)->local.ip, v6);
}

}  // namespace
}  // namespace icebreaker::turn::test
