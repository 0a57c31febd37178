// The STUN server without its sockets: one message in, at most one out. Stateless.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"

namespace icebreaker::stun {

// What became of one message; the label of the server's counter.
enum class Outcome : std::uint8_t {
  Success,
  UnknownAttribute,  // answered with 420
  // The others are met with silence.
  NotStun,  // also RFC 3489, whose messages have no magic cookie
  Malformed,
  WrongFingerprint,
  NotARequest,
  UnknownMethod,
  Count,
};

std::string_view name_of(Outcome outcome);

struct Response {
  Outcome outcome{};
  ByteView bytes;  // in the caller's buffer; empty: no answer
};

// Enough for every answer.
inline constexpr std::size_t kMaxResponseBytes = 256;

// `message` is one datagram or one frame of a stream.
Response respond_to(ByteView message, const ClientAddress& client, MutableByteView buffer);

}  // namespace icebreaker::stun
