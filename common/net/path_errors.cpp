#include "common/net/path_errors.hpp"

#include <optional>

// Before linux/errqueue.h, which needs timespec.
#include <ctime>

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "common/net/control_messages.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::net {
namespace {

// A socket's share of one receive(): others wait, and whoever provokes ICMP is in no hurry.
constexpr std::size_t kMostAtOnce = 8;

std::optional<sock_extended_err> extended_error_in(msghdr& header) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    const bool v4 = each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_RECVERR;
    const bool v6 = each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_RECVERR;
    if (v4 || v6) return control_value<sock_extended_err>(*each);
  }
  return std::nullopt;
}

std::optional<PathError> path_error_of(const sock_extended_err& error, SocketId socket,
                                       const SocketAddress& to) {
  PathError found{.socket = socket, .to = to, .type = error.ee_type, .code = error.ee_code};
  if (error.ee_errno == EMSGSIZE) found.mtu = error.ee_info;
  switch (error.ee_origin) {
    case SO_EE_ORIGIN_ICMP:
    case SO_EE_ORIGIN_ICMP6:
      return found;
    case SO_EE_ORIGIN_LOCAL:
      // As the next router would have said.
      if (error.ee_errno != EMSGSIZE) return std::nullopt;
      found.type = to.ip.is_v4() ? ICMP_DEST_UNREACH : ICMP6_PACKET_TOO_BIG;
      found.code = to.ip.is_v4() ? ICMP_FRAG_NEEDED : 0;
      return found;
    default:
      return std::nullopt;
  }
}

}  // namespace

ErrorQueue take_path_errors(int fd, SocketId socket, std::vector<PathError>& errors) {
  for (std::size_t count = 0; count < kMostAtOnce; ++count) {
    SockAddr to;
    ControlBuffer control{};
    msghdr header{};
    header.msg_name = to.get();
    header.msg_namelen = SockAddr::kCapacity;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    if (::recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return ErrorQueue::Empty;
    const auto error = extended_error_in(header);
    const auto address = to.address();
    if (!error || !address) continue;
    if (const auto found = path_error_of(*error, socket, *address)) errors.push_back(*found);
  }
  return ErrorQueue::MayHoldMore;
}

}  // namespace icebreaker::net
