#include <array>
#include <cstddef>

#include <gtest/gtest.h>

#include "tests/bench/turn_load/payload.hpp"
#include "tests/bench/turn_load/tally.hpp"

namespace icebreaker::bench {
namespace {

constexpr Stamp kStamp{
    .flow = 70'000, .direction = Direction::ToClient, .sequence = 1, .sent_ns = 123'456'789};

TEST(Payload, ComesBackAsItsStamp) {
  for (const std::size_t size : {kMinPayloadBytes, kMinPayloadBytes + 3, std::size_t{160}}) {
    std::array<std::byte, 160> buffer{};
    const auto payload = std::span{buffer}.first(size);
    write_payload(payload, kStamp);

    const auto stamp = read_payload(payload);

    ASSERT_TRUE(stamp) << size;
    EXPECT_EQ(stamp->flow, kStamp.flow);
    EXPECT_EQ(stamp->direction, kStamp.direction);
    EXPECT_EQ(stamp->sequence, kStamp.sequence);
    EXPECT_EQ(stamp->sent_ns, kStamp.sent_ns);
  }
}

TEST(Payload, IsRefusedWhenAnyOfItsBitsChanged) {
  std::array<std::byte, 49> payload{};
  write_payload(payload, kStamp);

  for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    payload[bit / 8] ^= mask;
    EXPECT_FALSE(read_payload(payload)) << bit;
    payload[bit / 8] ^= mask;
  }
}

TEST(Payload, IsRefusedWhenItIsTooShort) {
  std::array<std::byte, kMinPayloadBytes - 1> payload{};

  EXPECT_FALSE(read_payload(payload));
}

TEST(SequenceWindow, TellsNewFromDoubleAndFromTooLate) {
  SequenceWindow window;

  EXPECT_EQ(window.on_arrival(0), Arrival::New);
  EXPECT_EQ(window.on_arrival(0), Arrival::Duplicate);
  EXPECT_EQ(window.on_arrival(2), Arrival::New);
  EXPECT_EQ(window.on_arrival(1), Arrival::New);
  EXPECT_EQ(window.on_arrival(1), Arrival::Duplicate);
  EXPECT_EQ(window.on_arrival(66), Arrival::New);
  EXPECT_EQ(window.on_arrival(2), Arrival::TooLate);
  EXPECT_EQ(window.on_arrival(3), Arrival::New);
  EXPECT_EQ(window.on_arrival(3), Arrival::Duplicate);
  EXPECT_EQ(window.on_arrival(1000), Arrival::New);
  EXPECT_EQ(window.on_arrival(999), Arrival::New);
  EXPECT_EQ(window.on_arrival(1000), Arrival::Duplicate);
}

TEST(LatencyHistogram, FindsQuantilesWithinThreePercent) {
  LatencyHistogram latencies;
  for (std::uint64_t microsecond = 1; microsecond <= 1000; ++microsecond) {
    latencies.observe(microsecond * 1000);
  }

  EXPECT_NEAR(latencies.quantile_us(0.5), 500, 500 * 0.035);
  EXPECT_NEAR(latencies.quantile_us(0.99), 990, 990 * 0.035);
}

TEST(LatencyHistogram, KeepsWhatIsBeyondItsRangeInTheLastBucket) {
  LatencyHistogram latencies;
  latencies.observe(~std::uint64_t{0});

  EXPECT_GT(latencies.quantile_us(0.5), 30e6);
}

}  // namespace
}  // namespace icebreaker::bench
