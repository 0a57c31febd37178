// Views of raw bytes and big-endian reading and writing. Every codec is built on these.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace icebreaker {

using ByteView = std::span<const std::byte>;
using MutableByteView = std::span<std::byte>;

inline ByteView bytes_of(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

inline std::string_view text_of(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): char may alias any object.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <std::unsigned_integral T>
constexpr T big_endian(T value) {
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

// Reads big-endian fields; after the first underrun every read yields zero or an empty view, so
// callers check once, with finished() or failed().
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_{bytes} {}

  std::uint8_t u8() { return read<std::uint8_t>(); }

  std::uint16_t u16() { return read<std::uint16_t>(); }

  std::uint32_t u32() { return read<std::uint32_t>(); }

  std::uint64_t u64() { return read<std::uint64_t>(); }

  ByteView bytes(std::size_t count) {
    if (failed_ || count > rest_.size()) {
      failed_ = true;
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  [[nodiscard]] ByteView rest() const { return failed_ ? ByteView{} : rest_; }

  [[nodiscard]] bool failed() const { return failed_; }

  // True when nothing ran short and nothing is left over.
  [[nodiscard]] bool finished() const { return !failed_ && rest_.empty(); }

 private:
  template <std::unsigned_integral T>
  T read() {
    const ByteView raw = bytes(sizeof(T));
    if (raw.empty()) return 0;
    T value{};
    // memcpy, not a cast: an unaligned load is undefined and kills ARM (coturn CVE-2026-40613).
    std::memcpy(&value, raw.data(), sizeof value);
    return big_endian(value);
  }

  ByteView rest_;
  bool failed_ = false;
};

// Writes big-endian fields into a caller's buffer; after the first overflow nothing more is
// written, so callers check once, with failed().
class ByteWriter {
 public:
  explicit ByteWriter(MutableByteView buffer) : buffer_{buffer} {}

  void u8(std::uint8_t value) { write(value); }

  void u16(std::uint16_t value) { write(value); }

  void u32(std::uint32_t value) { write(value); }

  void u64(std::uint64_t value) { write(value); }

  void bytes(ByteView source) {
    const MutableByteView target = take(source.size());
    if (!target.empty()) std::memcpy(target.data(), source.data(), source.size());
  }

  void zeros(std::size_t count) {
    const MutableByteView target = take(count);
    if (!target.empty()) std::memset(target.data(), 0, target.size());
  }

  // Overwrites two bytes written earlier (a length that is known only at the end).
  void patch_u16(std::size_t offset, std::uint16_t value) {
    if (failed_ || offset + sizeof value > size_) {
      failed_ = true;
      return;
    }
    const std::uint16_t wire = big_endian(value);
    std::memcpy(buffer_.data() + offset, &wire, sizeof wire);
  }

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] bool failed() const { return failed_; }

  [[nodiscard]] ByteView written() const { return buffer_.first(size_); }

 private:
  template <std::unsigned_integral T>
  void write(T value) {
    const T wire = big_endian(value);
    bytes(std::as_bytes(std::span{&wire, 1}));
  }

  MutableByteView take(std::size_t count) {
    if (failed_ || count > buffer_.size() - size_) {
      failed_ = true;
      return {};
    }
    const MutableByteView taken = buffer_.subspan(size_, count);
    size_ += count;
    return taken;
  }

  MutableByteView buffer_;
  std::size_t size_ = 0;
  bool failed_ = false;
};

}  // namespace icebreaker
