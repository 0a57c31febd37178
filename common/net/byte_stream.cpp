#include "common/net/byte_stream.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace icebreaker::net {
namespace {

std::unexpected<StreamError> last_error() {
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return std::unexpected(later ? StreamError::WouldBlock : StreamError::Failed);
}

}  // namespace

std::expected<std::size_t, StreamError> TcpStream::read(MutableByteView buffer) {
  const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) return last_error();
  if (size == 0) return std::unexpected(StreamError::EndOfStream);
  return static_cast<std::size_t>(size);
}

std::expected<std::size_t, StreamError> TcpStream::write(ByteView bytes) {
  const ssize_t size = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size < 0) return last_error();
  return static_cast<std::size_t>(size);
}

}  // namespace icebreaker::net
