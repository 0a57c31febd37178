// What the load generator sends: every byte follows from who sent it, when and as which, so that
// the receiver can verify all of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/bytes.hpp"

namespace icebreaker::bench {

enum class Direction : std::uint8_t { ToPeer, ToClient };

struct Stamp {
  std::uint32_t flow = 0;
  Direction direction{};
  std::uint64_t sequence = 0;  // of this flow and direction, from 0
  std::uint64_t sent_ns = 0;   // of the sender's steady clock
};

inline constexpr std::size_t kMinPayloadBytes = 32;

// Fills all of the payload, which has at least kMinPayloadBytes.
void write_payload(MutableByteView payload, const Stamp& stamp);

// Nothing unless each byte is what write_payload() wrote.
std::optional<Stamp> read_payload(ByteView payload);

}  // namespace icebreaker::bench
