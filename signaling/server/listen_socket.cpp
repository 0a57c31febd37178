#include "signaling/server/listen_socket.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/base/bytes.hpp"

namespace icebreaker::signaling {

namespace {

constexpr int kBacklog = 4096;

struct RawAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API takes sockaddr*.
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }

  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
};

RawAddress raw_of(const SocketAddress& address) {
  RawAddress raw;
  const ByteView bytes = address.ip.bytes();
  if (address.ip.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = big_endian(address.port);
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&raw.storage, &v4, sizeof v4);
    raw.length = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = big_endian(address.port);
    std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&raw.storage, &v6, sizeof v6);
    raw.length = sizeof v6;
  }
  return raw;
}

SocketAddress address_of(const RawAddress& raw) {
  if (raw.storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &raw.storage, sizeof v6);
    const auto ip = IpAddress::from_bytes(std::as_bytes(std::span{&v6.sin6_addr, 1}));
    return {.ip = ip.value_or(IpAddress{}), .port = big_endian(v6.sin6_port)};
  }
  sockaddr_in v4{};
  std::memcpy(&v4, &raw.storage, sizeof v4);
  const auto ip = IpAddress::from_bytes(std::as_bytes(std::span{&v4.sin_addr, 1}));
  return {.ip = ip.value_or(IpAddress{}), .port = big_endian(v4.sin_port)};
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

std::string explain(const SocketAddress& address, int error) {
  std::string text = "cannot listen on " + address.to_string() + ": " +
                     std::error_code{error, std::system_category()}.message();
  if (error == EADDRINUSE) text += "; stop the other program or set another port (listen, PORT)";
  if (error == EACCES) text += "; ports below 1024 need CAP_NET_BIND_SERVICE";
  if (error == EADDRNOTAVAIL) text += "; this machine has no such address";
  return text;
}

}  // namespace

std::expected<ListenSocket, std::string> listen_tcp(const SocketAddress& address) {
  RawAddress raw = raw_of(address);
  ListenSocket socket{.fd = net::UniqueFd{::socket(raw.storage.ss_family,
                                                   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)},
                      .address = address};
  if (!socket.fd) return std::unexpected(explain(address, errno));
  const int fd = socket.fd.get();
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  // "[::]" takes IPv4 clients too, whatever the system's default is.
  if (!address.ip.is_v4()) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.ip.is_any() ? 0 : 1);
  if (::bind(fd, raw.get(), raw.length) != 0 || ::listen(fd, kBacklog) != 0) {
    return std::unexpected(explain(address, errno));
  }
  RawAddress bound;
  if (::getsockname(fd, bound.get(), &bound.length) == 0) socket.address = address_of(bound);
  return socket;
}

std::expected<AcceptedSocket, int> accept_tcp(const ListenSocket& listener) {
  RawAddress peer;
  const int fd =
      ::accept4(listener.fd.get(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return std::unexpected(errno);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  return AcceptedSocket{.fd = net::UniqueFd{fd}, .peer = address_of(peer).ip.unmapped()};
}

}  // namespace icebreaker::signaling
