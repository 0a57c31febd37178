#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/base/bytes.hpp"
#include "common/base/check.hpp"
#include "common/stun/channel_data.hpp"
#include "common/stun/stream_framer.hpp"

namespace icebreaker::stun {
namespace {

bool lies_within(ByteView part, ByteView whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check(const ChannelData& data, ByteView bytes) {
  ICEBREAKER_CHECK(frame_kind(bytes) == FrameKind::ChannelData);
  ICEBREAKER_CHECK(lies_within(data.payload, bytes));
  const std::size_t used = kChannelDataHeaderBytes + data.payload.size();
  ICEBREAKER_CHECK(bytes.size() - used <= 3);
  const ChannelDataHeader header = channel_data_header(data.channel, data.payload.size());
  ICEBREAKER_CHECK(std::ranges::equal(header, bytes.first(kChannelDataHeaderBytes)));
}

// RFC 8656 §12.5: only a stream needs the padding, and both kinds say the same of what is padded.
void run(ByteView bytes) {
  const auto datagram = parse_channel_data_datagram(bytes);
  if (datagram) check(*datagram, bytes);
  const auto frame = parse_channel_data_frame(bytes);
  if (!frame) return;
  check(*frame, bytes);
  ICEBREAKER_CHECK(bytes.size() % 4 == 0);
  ICEBREAKER_CHECK(datagram && datagram->channel == frame->channel);
  StreamFramer framer;
  framer.append(bytes);
  const auto cut = framer.next();
  ICEBREAKER_CHECK(cut && std::ranges::equal(cut->bytes, bytes));
}

}  // namespace
}  // namespace icebreaker::stun

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  icebreaker::stun::run(std::as_bytes(std::span{data, size}));
  return 0;
}
