#include "common/stun/channel_data.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/hex.hpp"

namespace icebreaker::stun {
namespace {

TEST(ChannelNumber, IsWithin4000To7FFF) {
  EXPECT_FALSE(ChannelNumber::from_wire(0x3FFF).has_value());
  EXPECT_EQ(ChannelNumber::from_wire(0x4000)->wire(), 0x4000);
  EXPECT_EQ(ChannelNumber::from_wire(0x7FFF)->wire(), 0x7FFF);
  EXPECT_FALSE(ChannelNumber::from_wire(0x8000).has_value());
}

TEST(FrameKind, IsToldByTheFirstByte) {
  EXPECT_EQ(frame_kind(bytes_of_hex("00")), FrameKind::Stun);
  EXPECT_EQ(frame_kind(bytes_of_hex("03")), FrameKind::Stun);
  EXPECT_EQ(frame_kind(bytes_of_hex("04")), FrameKind::Other);
  EXPECT_EQ(frame_kind(bytes_of_hex("3f")), FrameKind::Other);
  EXPECT_EQ(frame_kind(bytes_of_hex("40")), FrameKind::ChannelData);
  EXPECT_EQ(frame_kind(bytes_of_hex("7f")), FrameKind::ChannelData);
  EXPECT_EQ(frame_kind(bytes_of_hex("80")), FrameKind::Other);
  EXPECT_EQ(frame_kind({}), FrameKind::Other);
}

TEST(ChannelData, TakesADatagramWithOrWithoutPadding) {
  for (const std::string wire : {"4001 0002 abcd", "4001 0002 abcd 0000"}) {
    const auto bytes = bytes_of_hex(wire);
    const auto parsed = parse_channel_data_datagram(bytes);

    ASSERT_TRUE(parsed.has_value()) << wire;
    EXPECT_EQ(parsed->channel.wire(), 0x4001);
    EXPECT_EQ(hex_of(parsed->payload), "abcd");
  }
}

TEST(ChannelData, MayBeEmpty) {
  const auto bytes = bytes_of_hex("4abc 0000");

  EXPECT_TRUE(parse_channel_data_datagram(bytes)->payload.empty());
  EXPECT_TRUE(parse_channel_data_frame(bytes)->payload.empty());
}

TEST(ChannelData, RefusesAnythingElse) {
  const auto error_of = [](std::string_view hex) {
    return parse_channel_data_datagram(bytes_of_hex(hex)).error();
  };

  EXPECT_EQ(error_of(""), ChannelDataError::Truncated);
  EXPECT_EQ(error_of("400100"), ChannelDataError::Truncated);
  EXPECT_EQ(error_of("4001 0002 ab"), ChannelDataError::Truncated);
  EXPECT_EQ(error_of("4001 ffff ab"), ChannelDataError::Truncated);
  EXPECT_EQ(error_of("8000 0002 abcd"), ChannelDataError::NotAChannel);
  EXPECT_EQ(error_of("4001 0002 abcd 00000000"), ChannelDataError::WrongPadding);
}

TEST(ChannelData, NeedsItsPaddingOnAStream) {
  const auto parse = [](std::string_view hex) {
    return parse_channel_data_frame(bytes_of_hex(hex)).has_value();
  };

  EXPECT_TRUE(parse("4001 0002 abcd 0000"));
  EXPECT_TRUE(parse("4001 0004 abcd ef01"));
  EXPECT_FALSE(parse("4001 0002 abcd"));
  EXPECT_FALSE(parse("4001 0004 abcd ef01 0000"));
}

TEST(ChannelData, HeaderIsChannelAndUnpaddedLength) {
  EXPECT_EQ(hex_of(channel_data_header(ChannelNumber::from_wire(0x4321).value(), 5)), "43210005");
  EXPECT_EQ(stream_padding_bytes(5), 3U);
  EXPECT_EQ(stream_padding_bytes(8), 0U);
}

}  // namespace
}  // namespace icebreaker::stun
