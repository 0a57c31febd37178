// The bytes of one accepted connection. TCP as it is here; TLS wraps the same descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string_view>

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

  // Before, read() sets the stream up (a handshake) and yields WouldBlock.
  [[nodiscard]] virtual bool is_established() const { return true; }

  // Whether read() waits for room to write.
  [[nodiscard]] virtual bool reads_need_room() const { return false; }

  // Whether messages should be written one by one while the network takes them.
  [[nodiscard]] virtual bool keeps_messages_apart() const { return false; }

  // Why it failed, when there is something to say.
  [[nodiscard]] virtual std::string_view trouble() const { return {}; }
};

// Sets up TLS on a connection, as the server.
class TlsAcceptor {
 public:
  virtual ~TlsAcceptor() = default;

  // `already_read` are the first bytes of the stream.
  virtual std::unique_ptr<ByteStream> accept(std::unique_ptr<ByteStream> inner,
                                             ByteView already_read) = 0;
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
