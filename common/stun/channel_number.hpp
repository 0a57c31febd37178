// The number of a TURN channel.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace icebreaker::stun {

class ChannelNumber {
 public:
  // RFC 8656 §12 ends the range at 0x4FFF; RFC 5766 §11 ended it at 0x7FFF, and clients of that
  // time (coturn's tools are) pick any number of theirs. Nothing else on a TURN port begins like
  // the numbers between.
  static constexpr std::uint16_t kFirst = 0x4000;
  static constexpr std::uint16_t kLast = 0x7FFF;

  static constexpr std::optional<ChannelNumber> from_wire(std::uint16_t raw) {
    if (raw < kFirst || raw > kLast) return std::nullopt;
    return ChannelNumber{raw};
  }

  // The lowest number; makes the type usable in structs and maps.
  constexpr ChannelNumber() = default;

  [[nodiscard]] constexpr std::uint16_t wire() const { return raw_; }

  auto operator<=>(const ChannelNumber&) const = default;

 private:
  explicit constexpr ChannelNumber(std::uint16_t raw) : raw_{raw} {}

  std::uint16_t raw_ = kFirst;
};

}  // namespace icebreaker::stun

template <>
struct std::hash<icebreaker::stun::ChannelNumber> {
  std::size_t operator()(icebreaker::stun::ChannelNumber channel) const noexcept {
    return channel.wire();
  }
};
