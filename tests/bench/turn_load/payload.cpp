#include "tests/bench/turn_load/payload.hpp"

#include <algorithm>
#include <cstring>

namespace icebreaker::bench {
namespace {

// Any mixing will do that makes each bit of the stamp change the pattern (here that of SplitMix64).
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31U);
}

class Pattern {
 public:
  explicit Pattern(const Stamp& stamp)
      : state_{mix(stamp.sequence +
                   mix(stamp.sent_ns + mix((std::uint64_t{stamp.flow} << 8U) |
                                           static_cast<std::uint8_t>(stamp.direction))))} {}

  std::uint64_t next() { return state_ += 0x9E3779B97F4A7C15U; }

 private:
  std::uint64_t state_;
};

}  // namespace

void write_payload(MutableByteView payload, const Stamp& stamp) {
  ByteWriter out{payload};
  out.u32(stamp.flow);
  out.u32(static_cast<std::uint32_t>(stamp.direction));
  out.u64(stamp.sequence);
  out.u64(stamp.sent_ns);
  Pattern pattern{stamp};
  for (MutableByteView rest = payload.subspan(out.size()); !rest.empty();) {
    const std::uint64_t word = pattern.next();
    const std::size_t count = std::min(rest.size(), sizeof word);
    std::memcpy(rest.data(), &word, count);
    rest = rest.subspan(count);
  }
}

std::optional<Stamp> read_payload(ByteView payload) {
  ByteReader in{payload};
  Stamp stamp;
  stamp.flow = in.u32();
  const std::uint32_t direction = in.u32();
  stamp.direction = static_cast<Direction>(direction);
  stamp.sequence = in.u64();
  stamp.sent_ns = in.u64();
  if (in.failed() || direction > 1) return std::nullopt;
  Pattern pattern{stamp};
  for (ByteView rest = in.rest(); !rest.empty();) {
    const std::uint64_t word = pattern.next();
    const std::size_t count = std::min(rest.size(), sizeof word);
    if (std::memcmp(rest.data(), &word, count) != 0) return std::nullopt;
    rest = rest.subspan(count);
  }
  return stamp;
}

}  // namespace icebreaker::bench
