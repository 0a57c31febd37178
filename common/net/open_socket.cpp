#include "common/net/open_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "common/net/sockaddr.hpp"

namespace icebreaker::net {
namespace {

std::error_code last_error() {
  return {errno, std::system_category()};
}

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// SO_*BUFFORCE passes net.core.*mem_max but needs CAP_NET_ADMIN.
void set_buffers(int fd, std::size_t bytes) {
  const int size =
      static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max() / 2));
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, size)) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, size);
  }
  if (!set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, size)) {
    set_option(fd, SOL_SOCKET, SO_SNDBUF, size);
  }
}

std::expected<UniqueFd, std::error_code> open_socket(const SocketAddress& local, int type) {
  const int family = local.ip.is_v4() ? AF_INET : AF_INET6;
  UniqueFd fd{::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) return std::unexpected(last_error());
  if (family == AF_INET6 && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1)) {
    return std::unexpected(last_error());
  }
  return fd;
}

bool bind_to(const UniqueFd& fd, const SocketAddress& local) {
  const SockAddr address{local};
  return ::bind(fd.get(), address.get(), address.size()) == 0;
}

bool share_port(const UniqueFd& fd, PortSharing sharing) {
  return sharing == PortSharing::Exclusive || set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
}

bool report_local_addresses(const UniqueFd& fd, const SocketAddress& local) {
  if (!local.ip.is_any()) return true;
  return local.ip.is_v4() ? set_option(fd.get(), IPPROTO_IP, IP_PKTINFO, 1)
                          : set_option(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
}

}  // namespace

std::expected<UniqueFd, std::error_code> open_udp_socket(const SocketAddress& local,
                                                         PortSharing sharing,
                                                         std::size_t buffer_bytes) {
  auto fd = open_socket(local, SOCK_DGRAM);
  if (!fd) return fd;
  set_buffers(fd->get(), buffer_bytes);
  if (!share_port(*fd, sharing) || !report_local_addresses(*fd, local) || !bind_to(*fd, local)) {
    return std::unexpected(last_error());
  }
  return fd;
}

void receive_aggregates(int fd) {
  set_option(fd, IPPROTO_UDP, UDP_GRO, 1);
}

void report_drops(int fd) {
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

bool can_send_aggregates(int fd) {
  return set_option(fd, IPPROTO_UDP, UDP_SEGMENT, 0);
}

void report_traffic_class(int fd, Family family) {
  if (family == Family::V4) {
    set_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  }
}

void report_path_errors(int fd, Family family) {
  if (family == Family::V4) {
    set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  }
}

// By default Linux sets DF on what it believes to fit, and learns of smaller links from ICMP that
// anybody can forge. OMIT leaves DF alone and believes no such ICMP, but still reports it; PROBE
// sets DF and believes none either. IPv6 has no fragmentation by routers: there the kernel's
// knowledge of the path stays in use.
void set_fragments(int fd, Family family, Fragments fragments) {
  const bool allowed = fragments == Fragments::Allowed;
  if (family == Family::V4) {
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, allowed ? IP_PMTUDISC_OMIT : IP_PMTUDISC_PROBE);
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, allowed ? 0 : 1);
  }
}

std::expected<UniqueFd, std::error_code> open_tcp_listener(const SocketAddress& local,
                                                           PortSharing sharing) {
  constexpr int kBacklog = 1024;  // the kernel caps it at net.core.somaxconn
  auto fd = open_socket(local, SOCK_STREAM);
  if (!fd) return fd;
  // Connections of a former run in TIME_WAIT are no reason to refuse to start.
  if (!set_option(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1) || !share_port(*fd, sharing) ||
      !bind_to(*fd, local) || ::listen(fd->get(), kBacklog) != 0) {
    return std::unexpected(last_error());
  }
  return fd;
}

std::error_code check_address_is_free(Transport transport, const SocketAddress& local) {
  const bool datagram = is_datagram(transport);
  const auto fd = open_socket(local, datagram ? SOCK_DGRAM : SOCK_STREAM);
  if (!fd) return fd.error();
  if (!datagram) set_option(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1);
  return bind_to(*fd, local) ? std::error_code{} : last_error();
}

bool is_missing_ipv6(const SocketAddress& local, const std::error_code& error) {
  return !local.ip.is_v4() && local.ip.is_any() &&
         (error == std::errc::address_family_not_supported ||
          error == std::errc::address_not_available);
}

std::size_t receive_buffer_bytes_of(int fd) {
  int granted = 0;
  socklen_t size = sizeof granted;
  if (::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &size) != 0) return 0;
  return static_cast<std::size_t>(granted) / 2;  // socket(7): the kernel doubles what was asked for
}

}  // namespace icebreaker::net
