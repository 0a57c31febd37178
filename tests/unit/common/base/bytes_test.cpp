#include "common/base/bytes.hpp"

#include <array>

#include <gtest/gtest.h>

namespace icebreaker {
namespace {

TEST(ByteReader, ReadsNetworkOrderAndKnowsItsEnd) {
  constexpr std::array wire{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
  ByteReader in{wire};

  EXPECT_EQ(in.u16(), 0x0102);
  EXPECT_EQ(in.u8(), 3);
  EXPECT_FALSE(in.finished());
  EXPECT_EQ(in.u16(), 0x0405);
  EXPECT_TRUE(in.finished());
}

TEST(ByteReader, YieldsZeroForeverAfterAnUnderrun) {
  constexpr std::array wire{std::byte{1}, std::byte{2}, std::byte{3}};
  ByteReader in{wire};

  EXPECT_EQ(in.u32(), 0U);
  EXPECT_EQ(in.u8(), 0);
  EXPECT_TRUE(in.failed());
  EXPECT_FALSE(in.finished());
  EXPECT_TRUE(in.rest().empty());
}

TEST(ByteWriter, WritesNetworkOrderAndPatches) {
  std::array<std::byte, 8> buffer{};
  ByteWriter out{buffer};

  out.u16(0);
  out.u32(0x0A0B0C0D);
  out.zeros(2);
  out.patch_u16(0, 0x0102);

  ASSERT_FALSE(out.failed());
  constexpr std::array expected{std::byte{1},  std::byte{2},  std::byte{10}, std::byte{11},
                                std::byte{12}, std::byte{13}, std::byte{0},  std::byte{0}};
  EXPECT_EQ(buffer, expected);
}

TEST(ByteWriter, WritesNothingMoreAfterAnOverflow) {
  std::array<std::byte, 3> buffer{};
  ByteWriter out{buffer};

  out.u32(0xFFFFFFFF);
  out.u8(1);

  EXPECT_TRUE(out.failed());
  EXPECT_EQ(out.size(), 0U);
  EXPECT_EQ(buffer, (std::array<std::byte, 3>{}));
}

}  // namespace
}  // namespace icebreaker
