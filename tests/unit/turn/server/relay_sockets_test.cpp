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
    const auto bound = sockets_.open({RelayId{++last_relay_}, address_, parity});
    if (!bound) return std::unexpected(bound.error());
    return bound->port;
  }

  const IpAddress address_ = IpAddress::parse("192.0.2.1").value();
  net::MemoryNet net_;
  std::unique_ptr<net::MemoryIo> io_ = net_.add_host({address_});
  crypto::SystemRandom random_;
  RelaySockets sockets_{*io_, random_, {.first = 50001, .last = 50008}};
  std::uint32_t last_relay_ = 0;
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
  const auto freed = sockets_.socket_of(RelayId{3}).value();

  sockets_.close(RelayId{3});

  EXPECT_FALSE(sockets_.relay_of(freed.id).has_value());
  EXPECT_FALSE(sockets_.socket_of(RelayId{3}).has_value());
  EXPECT_EQ(open(), freed.local.port);
}

}  // namespace
}  // namespace icebreaker::turn::test
