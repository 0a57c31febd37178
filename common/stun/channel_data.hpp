// ChannelData messages (RFC 8656 §12.4): a channel number, a length and application data. Header
// and payload stay apart, so that a relay forwards the payload without copying it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>

#include "common/base/bytes.hpp"
#include "common/stun/channel_number.hpp"

namespace icebreaker::stun {

inline constexpr std::size_t kChannelDataHeaderBytes = 4;

struct ChannelData {
  ChannelNumber channel;
  ByteView payload;  // a view of the parsed bytes, without padding
};

enum class ChannelDataError : std::uint8_t {
  Truncated,     // shorter than its header or its length field says
  NotAChannel,   // the number is outside 0x4000-0x7FFF
  WrongPadding,  // what follows the data is not what this framing allows
};

// From the first byte (RFC 7983 §7): 0-3 is STUN, 64-79 is ChannelData, and so are the 80-127 of
// older clients.
enum class FrameKind : std::uint8_t { Stun, ChannelData, Other };
FrameKind frame_kind(ByteView bytes);

// One datagram; RFC 8656 §12.5: "the padding is not required" over UDP, so up to 3 bytes may
// follow.
std::expected<ChannelData, ChannelDataError> parse_channel_data_datagram(ByteView bytes);

// One frame of a stream, padded to a multiple of four bytes, as StreamFramer cuts it.
std::expected<ChannelData, ChannelDataError> parse_channel_data_frame(ByteView bytes);

using ChannelDataHeader = std::array<std::byte, kChannelDataHeaderBytes>;

// Payloads have at most 65,535 bytes.
ChannelDataHeader channel_data_header(ChannelNumber channel, std::size_t payload_bytes);

// How many zero bytes follow a payload on a stream.
constexpr std::size_t stream_padding_bytes(std::size_t payload_bytes) {
  return (4 - payload_bytes % 4) % 4;
}

}  // namespace icebreaker::stun
