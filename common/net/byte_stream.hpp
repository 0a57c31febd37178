// The bytes of one accepted connection. TCP as it is here; TLS wraps the same descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include "common/base/bytes.hpp"
#include "common/net/unique_fd.hpp"

namespace icebreaker::net {

enum class StreamError : std::uint8_t { WouldBlock, EndOfStream, Failed };

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // How many bytes were read; at least one.
  virtual std::expected<std::size_t, StreamError> read(MutableByteView buffer) = 0;
  // How many of the bytes were taken; at least one.
  virtual std::expected<std::size_t, StreamError> write(ByteView bytes) = 0;

  [[nodiscard]] virtual int fd() const = 0;
};

class TcpStream final : public ByteStream {
 public:
  // A connected, non-blocking socket.
  explicit TcpStream(UniqueFd fd) : fd_{std::move(fd)} {}

  std::expected<std::size_t, StreamError> read(MutableByteView buffer) override;
  std::expected<std::size_t, StreamError> write(ByteView bytes) override;

  [[nodiscard]] int fd() const override { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace icebreaker::net
