#include "common/stun/stream_framer.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/stun/message_builder.hpp"
#include "tests/support/hex.hpp"

namespace icebreaker::stun {
namespace {

constexpr std::array<std::uint16_t, 2> kFirstFields{0x0001, 0x4001};  // STUN, ChannelData

std::vector<std::byte> binding_request() {
  std::array<std::byte, 64> buffer{};
  const ByteView bytes =
      MessageBuilder{buffer, MessageClass::Request, Method::Binding, {}}.add_fingerprint().finish();
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> header_with(std::uint16_t first_field, std::uint16_t length) {
  std::vector<std::byte> bytes(kHeaderBytes);
  ByteWriter out{bytes};
  out.u16(first_field);
  out.u16(length);
  out.u32(kMagicCookie);
  return bytes;
}

TEST(StreamFramer, WaitsForAWholeMessage) {
  const auto message = binding_request();
  StreamFramer framer;

  EXPECT_EQ(framer.next().error(), NoFrame::NeedMoreBytes);
  framer.append(ByteView{message}.first(message.size() - 1));
  EXPECT_EQ(framer.next().error(), NoFrame::NeedMoreBytes);
  framer.append(ByteView{message}.last(1));

  const auto frame = framer.next();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->kind, FrameKind::Stun);
  EXPECT_EQ(hex_of(frame->bytes), hex_of(message));
  EXPECT_EQ(framer.next().error(), NoFrame::NeedMoreBytes);
  EXPECT_EQ(framer.buffered_bytes(), 0U);
}

TEST(StreamFramer, CutsSeveralMessagesOfBothKindsFromOneRead) {
  auto stream = binding_request();
  for (const std::byte each : bytes_of_hex("4001 0003 aabbcc 00 4002 0000")) stream.push_back(each);
  StreamFramer framer;
  framer.append(stream);

  EXPECT_EQ(framer.next()->kind, FrameKind::Stun);
  EXPECT_EQ(hex_of(framer.next()->bytes), "40010003aabbcc00");
  const auto last = framer.next();
  EXPECT_EQ(last->kind, FrameKind::ChannelData);
  EXPECT_EQ(hex_of(last->bytes), "40020000");
  EXPECT_EQ(framer.next().error(), NoFrame::NeedMoreBytes);
}

TEST(StreamFramer, ClosesOnLengthsThat16BitsCannotCountWithTheHeader) {
  for (unsigned length = 65'516; length <= 65'535; ++length) {
    for (const std::uint16_t first_field : kFirstFields) {
      StreamFramer framer;
      framer.append(header_with(first_field, static_cast<std::uint16_t>(length)));

      EXPECT_EQ(framer.next().error(), NoFrame::TooLong) << length;
      EXPECT_EQ(framer.buffered_bytes(), 0U);
    }
  }
}

TEST(StreamFramer, TakesTheLongestMessages) {
  for (const std::uint16_t first_field : kFirstFields) {
    auto message = header_with(first_field, 65'512);
    const std::size_t header_bytes = first_field == 0x0001 ? 20 : 4;
    message.resize(header_bytes + 65'512);
    StreamFramer framer;
    framer.append(message);

    const auto frame = framer.next();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->bytes.size(), message.size());
  }
}

TEST(StreamFramer, ClosesOnTheFirstByteOfAnotherProtocol) {
  for (const std::string hex : {"16 03 01", "47 45", "ff", "80"}) {
    StreamFramer framer;
    framer.append(bytes_of_hex(hex));

    if (hex.starts_with("47")) {  // "GE" of "GET /" looks like the start of ChannelData
      EXPECT_EQ(framer.next().error(), NoFrame::NeedMoreBytes);
    } else {
      EXPECT_EQ(framer.next().error(), NoFrame::NotAFrame) << hex;
    }
  }
}

TEST(StreamFramer, ClosesOnAStunHeaderThatCannotBeOne) {
  StreamFramer odd_length;
  odd_length.append(header_with(0x0001, 6));
  EXPECT_EQ(odd_length.next().error(), NoFrame::NotAFrame);

  StreamFramer no_cookie;
  no_cookie.append(bytes_of_hex("0001 0000 deadbeef"));
  EXPECT_EQ(no_cookie.next().error(), NoFrame::NotAFrame);
}

TEST(StreamFramer, KeepsNothingAfterAnError) {
  StreamFramer framer;
  framer.append(bytes_of_hex("ff"));
  EXPECT_FALSE(framer.next().has_value());

  framer.append(binding_request());

  EXPECT_EQ(framer.next().error(), NoFrame::NotAFrame);
  EXPECT_EQ(framer.buffered_bytes(), 0U);
}

TEST(StreamFramer, RefusesFramesLongerThanIsWantedAsSoonAsTheirLengthIsKnown) {
  StreamFramer whole{64};
  whole.append(ByteView{header_with(0x0001, 44)}.first(8));
  EXPECT_EQ(whole.next().error(), NoFrame::NeedMoreBytes);

  StreamFramer too_long{64};
  too_long.append(ByteView{header_with(0x0001, 48)}.first(8));
  EXPECT_EQ(too_long.next().error(), NoFrame::TooLong);
}

}  // namespace
}  // namespace icebreaker::stun
