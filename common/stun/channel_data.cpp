#include "common/stun/channel_data.hpp"

#include <limits>

#include "common/base/check.hpp"

namespace icebreaker::stun {
namespace {

constexpr std::size_t kMaxPaddingBytes = 3;

struct Parsed {
  ChannelData data;
  std::size_t left_over_bytes = 0;
};

std::expected<Parsed, ChannelDataError> parse(ByteView bytes) {
  ByteReader in{bytes};
  const std::uint16_t number = in.u16();
  const std::size_t length = in.u16();
  if (in.failed()) return std::unexpected(ChannelDataError::Truncated);
  const auto channel = ChannelNumber::from_wire(number);
  if (!channel) return std::unexpected(ChannelDataError::NotAChannel);
  const ByteView payload = in.bytes(length);
  if (in.failed()) return std::unexpected(ChannelDataError::Truncated);
  return Parsed{{*channel, payload}, in.rest().size()};
}

}  // namespace

FrameKind frame_kind(ByteView bytes) {
  if (bytes.empty()) return FrameKind::Other;
  const auto first = std::to_integer<unsigned>(bytes.front());
  if (first <= 3) return FrameKind::Stun;
  return first >= 64 && first <= 127 ? FrameKind::ChannelData : FrameKind::Other;
}

std::expected<ChannelData, ChannelDataError> parse_channel_data_datagram(ByteView bytes) {
  const auto parsed = parse(bytes);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->left_over_bytes > kMaxPaddingBytes) {
    return std::unexpected(ChannelDataError::WrongPadding);
  }
  return parsed->data;
}

std::expected<ChannelData, ChannelDataError> parse_channel_data_frame(ByteView bytes) {
  const auto parsed = parse(bytes);
  if (!parsed) return std::unexpected(parsed.error());
  if (parsed->left_over_bytes != stream_padding_bytes(parsed->data.payload.size())) {
    return std::unexpected(ChannelDataError::WrongPadding);
  }
  return parsed->data;
}

ChannelDataHeader channel_data_header(ChannelNumber channel, std::size_t payload_bytes) {
  ICEBREAKER_CHECK(payload_bytes <= std::numeric_limits<std::uint16_t>::max());
  ChannelDataHeader header{};
  ByteWriter out{header};
  out.u16(channel.wire());
  out.u16(static_cast<std::uint16_t>(payload_bytes));
  return header;
}

}  // namespace icebreaker::stun
