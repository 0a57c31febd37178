#include "common/net/write_some.hpp"

#include <cerrno>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace icebreaker::net {

namespace {

std::optional<std::size_t> write_tcp(int fd, ByteView bytes) {
  while (true) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
    if (errno != EINTR) return std::nullopt;
  }
}

std::optional<std::size_t> write_tls(ssl_st* tls, ByteView bytes) {
  // The rest may have moved in memory by the next call, and a record that went is not asked for
  // again.
  SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    ERR_clear_error();
    std::size_t taken = 0;
    if (SSL_write_ex(tls, bytes.data() + sent, bytes.size() - sent, &taken) == 1) {
      sent += taken;
      continue;
    }
    if (SSL_get_error(tls, 0) == SSL_ERROR_WANT_WRITE) break;
    return std::nullopt;
  }
  return sent;
}

}  // namespace

std::optional<std::size_t> write_some(int fd, ssl_st* tls, ByteView bytes) {
  if (bytes.empty()) return 0;
  return tls == nullptr ? write_tcp(fd, bytes) : write_tls(tls, bytes);
}

}  // namespace icebreaker::net
