#include "common/net/receive_buffers.hpp"

#include <algorithm>

#include <netinet/udp.h>

namespace icebreaker::net {
namespace {

// The largest UDP datagram (65507 bytes, 65527 with IPv6) and the largest aggregate fit, so nothing
// is ever cut short. A slot costs only the pages that datagrams have touched. The odd stride keeps
// the slots' first bytes out of each other's cache sets.
constexpr std::size_t kSlotBytes = 65536;
constexpr std::size_t kSlotStride = kSlotBytes + 192;

void read_control(msghdr& header, Arrival& arrival) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_GRO) {
      arrival.segment_bytes = static_cast<std::size_t>(control_value<int>(*each));
    } else if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_RXQ_OVFL) {
      arrival.drops_so_far = control_value<std::uint32_t>(*each);
    } else if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_TOS) {
      arrival.traffic_class = control_value<std::uint8_t>(*each);
    } else if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_TCLASS) {
      arrival.traffic_class = static_cast<std::uint8_t>(control_value<int>(*each));
    } else if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      // The local address, also when a broadcast was addressed.
      arrival.to.ip = ip_of(control_value<in_pktinfo>(*each).ipi_spec_dst);
    } else if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      const auto info = control_value<in6_pktinfo>(*each);
      arrival.to.ip = ip_of(info.ipi6_addr, info.ipi6_ifindex);
    }
  }
}

}  // namespace

// Not value-initialised: that would touch every page.
ReceiveBuffers::ReceiveBuffers()
    : bytes_{std::make_unique_for_overwrite<std::byte[]>(kSlots * kSlotStride)} {
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    vectors_[slot] = {.iov_base = &bytes_[slot * kSlotStride], .iov_len = kSlotBytes};
    reset(slot);
  }
}

void ReceiveBuffers::clear() {
  for (std::size_t slot = 0; slot < used_; ++slot) reset(slot);
  used_ = 0;
}

std::span<mmsghdr> ReceiveBuffers::free_headers(std::size_t count) {
  return std::span{headers_}.subspan(used_, std::min(count, room()));
}

// The kernel changes headers that it uses, and those only.
void ReceiveBuffers::reset(std::size_t slot) {
  headers_[slot] = {.msg_hdr = {.msg_name = from_[slot].get(),
                                .msg_namelen = SockAddr::kCapacity,
                                .msg_iov = &vectors_[slot],
                                .msg_iovlen = 1,
                                .msg_control = control_[slot].bytes.data(),
                                .msg_controllen = sizeof control_[slot].bytes,
                                .msg_flags = 0},
                    .msg_len = 0};
}

std::optional<Arrival> ReceiveBuffers::arrival_in(const mmsghdr& header,
                                                  const SocketAddress& local) {
  msghdr message = header.msg_hdr;
  if ((message.msg_flags & MSG_TRUNC) != 0) return std::nullopt;
  // msg_name is what reset() put there.
  const auto from = static_cast<const SockAddr*>(message.msg_name)->address();
  if (!from) return std::nullopt;
  Arrival arrival{
      .from = *from,
      .to = local,
      .bytes = {static_cast<const std::byte*>(message.msg_iov->iov_base), header.msg_len}};
  if (message.msg_controllen > 0) read_control(message, arrival);
  return arrival;
}

}  // namespace icebreaker::net
