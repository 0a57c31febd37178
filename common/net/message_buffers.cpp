#include "common/net/message_buffers.hpp"

#include <cstring>

#include "common/base/check.hpp"

namespace icebreaker::net {
namespace {

// The largest UDP datagram (65507 bytes, 65527 with IPv6) fits, so nothing is ever cut short. A
// slot costs only the pages that datagrams have touched. The odd stride keeps the slots' first
// bytes out of each other's cache sets.
constexpr std::size_t kSlotBytes = 65536;
constexpr std::size_t kSlotStride = kSlotBytes + 192;

// `to`, for a socket bound to a wildcard address.
std::optional<IpAddress> destination_in(msghdr& header) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      return ip_of(info.ipi_spec_dst);  // the local address, also when a broadcast was addressed
    }
    if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      return ip_of(info.ipi6_addr, info.ipi6_ifindex);
    }
  }
  return std::nullopt;
}

template <class Info>
void put_control(msghdr& header, ControlBuffer& buffer, int level, int type, const Info& info) {
  header.msg_control = buffer.bytes.data();
  header.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* control = CMSG_FIRSTHDR(&header);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(control), &info, sizeof info);
}

void put_source(msghdr& header, ControlBuffer& buffer, const IpAddress& source) {
  if (source.is_v4()) {
    const in_pktinfo info{.ipi_ifindex = 0, .ipi_spec_dst = in_addr_of(source), .ipi_addr = {}};
    put_control(header, buffer, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    const in6_pktinfo info{.ipi6_addr = in6_addr_of(source), .ipi6_ifindex = source.zone()};
    put_control(header, buffer, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

iovec vector_of(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): sendmmsg only reads.
  return {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
}

}  // namespace

// Not value-initialised: that would touch every page.
ReceiveBuffers::ReceiveBuffers()
    : bytes_{std::make_unique_for_overwrite<std::byte[]>(kBatch * kSlotStride)} {
  for (std::size_t i = 0; i < kBatch; ++i) {
    vectors_[i] = {.iov_base = &bytes_[i * kSlotStride], .iov_len = kSlotBytes};
  }
}

std::span<mmsghdr> ReceiveBuffers::prepare(std::size_t count) {
  const std::size_t end = used_ + std::min(count, room());
  for (std::size_t i = used_; i < end; ++i) {
    headers_[i] = {.msg_hdr = {.msg_name = from_[i].get(),
                               .msg_namelen = SockAddr::kCapacity,
                               .msg_iov = &vectors_[i],
                               .msg_iovlen = 1,
                               .msg_control = control_[i].bytes.data(),
                               .msg_controllen = sizeof control_[i].bytes,
                               .msg_flags = 0},
                   .msg_len = 0};
  }
  return std::span{headers_}.subspan(used_, end - used_);
}

std::optional<Datagram> ReceiveBuffers::datagram_in(const mmsghdr& header, SocketId socket,
                                                    const SocketAddress& local) {
  msghdr message = header.msg_hdr;
  if ((message.msg_flags & MSG_TRUNC) != 0) return std::nullopt;
  // msg_name is what prepare() put there.
  const auto from = static_cast<const SockAddr*>(message.msg_name)->address();
  if (!from) return std::nullopt;
  SocketAddress to = local;
  if (local.ip.is_any()) to.ip = destination_in(message).value_or(local.ip);
  const ByteView bytes{static_cast<const std::byte*>(message.msg_iov->iov_base), header.msg_len};
  return Datagram{.socket = socket, .from = *from, .to = to, .bytes = bytes};
}

void SendBuffers::add(const Outgoing& datagram) {
  ICEBREAKER_CHECK(!full() && datagram.header.size() <= kMaxHeaderBytes);
  const std::size_t i = size_++;
  via_[i] = datagram.via;
  to_[i] = SockAddr{datagram.to};
  source_[i] = datagram.source;
  const MutableByteView prefix = std::span{prefixes_[i]}.first(datagram.header.size());
  if (!prefix.empty()) std::memcpy(prefix.data(), datagram.header.data(), prefix.size());
  vectors_[i] = {vector_of(prefix), vector_of(datagram.payload)};
}

mmsghdr SendBuffers::header(std::size_t index) {
  mmsghdr result{};
  msghdr& message = result.msg_hdr;
  message.msg_name = to_[index].get();
  message.msg_namelen = to_[index].size();
  message.msg_iov = vectors_[index].data();
  message.msg_iovlen = vectors_[index].size();
  if (source_[index]) put_source(message, control_[index], *source_[index]);
  return result;
}

}  // namespace icebreaker::net
