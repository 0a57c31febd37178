#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "common/stun/message_builder.hpp"
#include "common/stun/stream_framer.hpp"
#include "tests/support/hex.hpp"

namespace icebreaker::stun {
namespace {

using Bytes = std::vector<std::byte>;

rc::Gen<Bytes> any_bytes() {
  return rc::gen::container<Bytes>(rc::gen::map(
      rc::gen::arbitrary<std::uint8_t>(), [](std::uint8_t value) { return std::byte{value}; }));
}

Bytes any_stun_message() {
  Bytes buffer(2048);
  MessageBuilder builder{buffer, MessageClass::Request, Method::Allocate, {}};
  const ByteView wire = builder.add_raw(AttributeType::Data, *any_bytes()).finish();
  return {wire.begin(), wire.end()};
}

Bytes any_channel_data() {
  const Bytes payload = *any_bytes();
  const auto channel = ChannelNumber::from_wire(*rc::gen::inRange<std::uint16_t>(0x4000, 0x5000));
  const auto header = channel_data_header(channel.value(), payload.size());
  Bytes wire{header.begin(), header.end()};
  wire.insert(wire.end(), payload.begin(), payload.end());
  wire.resize(wire.size() + stream_padding_bytes(payload.size()));
  return wire;
}

struct Outcome {
  std::vector<std::string> frames;
  NoFrame end = NoFrame::NeedMoreBytes;
  bool operator==(const Outcome&) const = default;
};

void drain(StreamFramer& framer, Outcome& outcome) {
  auto frame = framer.next();
  for (; frame; frame = framer.next()) outcome.frames.push_back(hex_of(frame->bytes));
  outcome.end = frame.error();
}

Outcome cut_at_once(const Bytes& stream) {
  StreamFramer framer;
  Outcome outcome;
  framer.append(stream);
  drain(framer, outcome);
  return outcome;
}

Outcome cut_in_pieces(const Bytes& stream) {
  StreamFramer framer;
  Outcome outcome;
  ByteView rest = stream;
  while (!rest.empty()) {
    const auto size = *rc::gen::inRange<std::size_t>(1, std::min<std::size_t>(rest.size(), 40) + 1);
    const Bytes piece{rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size)};
    rest = rest.subspan(size);
    framer.append(piece);
    drain(framer, outcome);
  }
  return outcome;
}

RC_GTEST_PROP(StreamFramer, GivesTheSameFramesHoweverTheStreamIsSplit, ()) {
  Bytes stream;
  Outcome expected;
  const int count = *rc::gen::inRange(0, 6);
  for (int index = 0; index < count; ++index) {
    const Bytes frame = *rc::gen::arbitrary<bool>() ? any_stun_message() : any_channel_data();
    expected.frames.push_back(hex_of(frame));
    stream.insert(stream.end(), frame.begin(), frame.end());
  }

  RC_ASSERT(cut_at_once(stream) == expected);
  RC_ASSERT(cut_in_pieces(stream) == expected);
}

// Frames, then anything: also the place and the reason of the end do not depend on the split.
RC_GTEST_PROP(StreamFramer, EndsTheSameWayHoweverABadStreamIsSplit, ()) {
  Bytes stream = any_channel_data();
  const Bytes garbage = *any_bytes();
  stream.insert(stream.end(), garbage.begin(), garbage.end());

  RC_ASSERT(cut_in_pieces(stream) == cut_at_once(stream));
}

}  // namespace
}  // namespace icebreaker::stun
