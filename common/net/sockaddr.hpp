// Between SocketAddress and the kernel's sockaddr.
#pragma once

#include <optional>

#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base/address.hpp"

namespace icebreaker::net {

// Holds a v4 or v6 sockaddr, in either direction.
class SockAddr {
 public:
  SockAddr() = default;
  explicit SockAddr(const SocketAddress& address);

  [[nodiscard]] const sockaddr* get() const;
  [[nodiscard]] sockaddr* get();

  [[nodiscard]] socklen_t size() const { return size_; }

  // For a kernel call that fills in an address: `get()` with this many bytes.
  static constexpr socklen_t kCapacity = sizeof(sockaddr_in6);

  [[nodiscard]] sa_family_t family() const { return storage_.v6.sin6_family; }

  // Nothing unless it is a v4 or v6 address.
  [[nodiscard]] std::optional<SocketAddress> address() const;

 private:
  union Storage {
    sockaddr_in6 v6;
    sockaddr_in v4;
  };

  Storage storage_{};
  socklen_t size_ = kCapacity;
};

IpAddress ip_of(const in_addr& address);
// The interface that it came in on or belongs to: the zone of a link-local address.
IpAddress ip_of(const in6_addr& address, std::uint32_t interface_index);
in_addr in_addr_of(const IpAddress& ip);
in6_addr in6_addr_of(const IpAddress& ip);

// The address a socket is bound to.
std::optional<SocketAddress> local_address_of(int fd);

}  // namespace icebreaker::net
