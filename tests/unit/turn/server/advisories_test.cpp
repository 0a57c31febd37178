// Advisories of this field about relay ports.
#include <array>

#include <gtest/gtest.h>

#include "common/crypto/system_random.hpp"
#include "tests/support/memory_net.hpp"
#include "turn/server/relay_sockets.hpp"

namespace icebreaker::turn::test {
namespace {

class PortAdvisories : public testing::Test {
 protected:
  static constexpr RelayPorts kPorts{.first = 50000, .last = 50063};
  static constexpr std::uint32_t kCount = kPorts.last - kPorts.first + 1U;

  // Opens, closes, and returns the port.
  std::uint16_t pass(PortParity parity) {
    const RelayId relay{++last_relay_};
    const auto bound = sockets_.open(now_, {.relay = relay, .address = address_, .parity = parity});
    sockets_.close(relay, Family::V4);
    return bound.value().port;
  }

  const MonoTime now_{std::chrono::hours{1}};
  const IpAddress address_ = IpAddress::parse("192.0.2.1").value();
  net::MemoryNet net_;
  std::unique_ptr<net::MemoryIo> io_ = net_.add_host({address_});
  crypto::SystemRandom random_;
  ReservationLedger reservations_;
  RelaySockets sockets_{*io_, random_, reservations_, kPorts};
  std::uint32_t last_relay_ = 0;
};

// Against 64 ports, 63 degrees of freedom: above 156 with p < 1e-9.
constexpr double kMostChiSquare = 156;

template <class Counts>
double chi_square(const Counts& counts, double expected) {
  double sum = 0;
  for (const unsigned count : counts) {
    const double off = count - expected;
    sum += off * off / expected;
  }
  return sum;
}

TEST_F(PortAdvisories, CVE_2025_69217_relay_ports_are_evenly_spread) {
  constexpr unsigned kDraws = 200 * kCount;
  std::array<unsigned, kCount> counts{};
  for (unsigned draw = 0; draw < kDraws; ++draw) {
    ++counts.at(std::size_t{pass(PortParity::Any)} - kPorts.first);
  }

  EXPECT_LT(chi_square(counts, 200), kMostChiSquare);
}

TEST_F(PortAdvisories, CVE_2025_69217_a_relay_port_does_not_tell_the_next) {
  constexpr unsigned kDraws = 200 * kCount;
  std::array<unsigned, kCount> distances{};
  unsigned last = pass(PortParity::Any);
  for (unsigned draw = 0; draw < kDraws; ++draw) {
    const unsigned port = pass(PortParity::Any);
    ++distances.at((port + kCount - last) % kCount);
    last = port;
  }

  EXPECT_LT(chi_square(distances, 200), kMostChiSquare);
}

TEST_F(PortAdvisories, coturn_4adbd82e_even_ports_come_back) {
  for (int cycle = 0; cycle < 100'000; ++cycle) ASSERT_EQ(pass(PortParity::Even) % 2, 0);

  for (std::uint32_t count = 0; count < kCount; ++count) {
    const auto bound = sockets_.open(now_, {.relay = RelayId{++last_relay_}, .address = address_});
    EXPECT_TRUE(bound.has_value()) << count;
  }
}

// Whatever a reservation holds comes back when nobody asks for it.
TEST_F(PortAdvisories, coturn_4adbd82e_reserved_ports_come_back) {
  MonoTime now = now_;
  for (unsigned cycle = 0; cycle < 10'000; ++cycle) {
    ReservationToken token{};
    ByteWriter{token}.u32(cycle);
    const RelayId relay{++last_relay_};
    const auto bound = sockets_.open(now, {.relay = relay,
                                           .address = address_,
                                           .parity = PortParity::Even,
                                           .keep_next = token,
                                           .user = "alice"});
    ASSERT_TRUE(bound.has_value()) << cycle;
    sockets_.close(relay, Family::V4);
    now += std::chrono::seconds{31};
  }

  for (std::uint32_t count = 0; count < kCount; ++count) {
    const auto bound = sockets_.open(now, {.relay = RelayId{++last_relay_}, .address = address_});
    EXPECT_TRUE(bound.has_value()) << count;
  }
}

}  // namespace
}  // namespace icebreaker::turn::test
