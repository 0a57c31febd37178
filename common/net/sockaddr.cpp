#include "common/net/sockaddr.hpp"

#include <cstring>

namespace icebreaker::net {

SockAddr::SockAddr(const SocketAddress& address) {
  if (address.ip.is_v4()) {
    storage_.v4 = {.sin_family = AF_INET,
                   .sin_port = big_endian(address.port),
                   .sin_addr = in_addr_of(address.ip),
                   .sin_zero = {}};
    size_ = sizeof(sockaddr_in);
  } else {
    storage_.v6.sin6_family = AF_INET6;
    storage_.v6.sin6_port = big_endian(address.port);
    storage_.v6.sin6_addr = in6_addr_of(address.ip);
    storage_.v6.sin6_scope_id = address.ip.zone();
    size_ = sizeof(sockaddr_in6);
  }
}

const sockaddr* SockAddr::get() const {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API takes sockaddr*.
  return reinterpret_cast<const sockaddr*>(&storage_);
}

sockaddr* SockAddr::get() {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API takes sockaddr*.
  return reinterpret_cast<sockaddr*>(&storage_);
}

std::optional<SocketAddress> SockAddr::address() const {
  // Both members begin with the family and the port.
  const std::uint16_t port = big_endian(storage_.v6.sin6_port);
  if (family() == AF_INET) return SocketAddress{ip_of(storage_.v4.sin_addr), port};
  if (family() == AF_INET6) {
    return SocketAddress{ip_of(storage_.v6.sin6_addr, storage_.v6.sin6_scope_id), port};
  }
  return std::nullopt;
}

IpAddress ip_of(const in_addr& address) {
  return *IpAddress::from_bytes(std::as_bytes(std::span{&address, 1}));
}

IpAddress ip_of(const in6_addr& address, std::uint32_t interface_index) {
  const IpAddress ip = *IpAddress::from_bytes(std::as_bytes(std::span{&address, 1}));
  return IN6_IS_ADDR_LINKLOCAL(&address) ? ip.with_zone(interface_index) : ip;
}

in_addr in_addr_of(const IpAddress& ip) {
  in_addr result{};
  if (ip.is_v4()) std::memcpy(&result, ip.bytes().data(), sizeof result);
  return result;
}

in6_addr in6_addr_of(const IpAddress& ip) {
  in6_addr result{};
  if (!ip.is_v4()) std::memcpy(&result, ip.bytes().data(), sizeof result);
  return result;
}

std::optional<SocketAddress> local_address_of(int fd) {
  SockAddr local;
  socklen_t size = SockAddr::kCapacity;
  if (::getsockname(fd, local.get(), &size) != 0) return std::nullopt;
  return local.address();
}

}  // namespace icebreaker::net
