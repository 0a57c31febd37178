#include "common/stun/fingerprint.hpp"

#include <zlib.h>

namespace icebreaker::stun {
namespace {

// RFC 8489 §14.7: tells STUN from other protocols that carry a CRC-32 of their own.
constexpr std::uint32_t kXor = 0x5354554E;

}  // namespace

std::uint32_t fingerprint_of(ByteView message_before_attribute) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): zlib takes unsigned chars.
  const auto* bytes = reinterpret_cast<const Bytef*>(message_before_attribute.data());
  const auto crc = ::crc32_z(0, bytes, message_before_attribute.size());
  return static_cast<std::uint32_t>(crc) ^ kXor;
}

}  // namespace icebreaker::stun
