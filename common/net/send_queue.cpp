#include "common/net/send_queue.hpp"

#include <cstring>

#include <netinet/udp.h>

#include "common/base/check.hpp"

namespace icebreaker::net {
namespace {

// With headers it must fit the length fields of IP: 65535 less 20 or 40, less 8.
constexpr std::size_t kMostBytes = 65487;

iovec vector_of(ByteView bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): sendmsg only reads.
  return {.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
}

void put_source(ControlWriter& control, const IpAddress& source) {
  if (source.is_v4()) {
    const in_pktinfo info{.ipi_ifindex = 0, .ipi_spec_dst = in_addr_of(source), .ipi_addr = {}};
    control.put(IPPROTO_IP, IP_PKTINFO, info);
  } else {
    const in6_pktinfo info{.ipi6_addr = in6_addr_of(source), .ipi6_ifindex = source.zone()};
    control.put(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

}  // namespace

SendQueue::Index SendQueue::open_lane(SocketId via) {
  ICEBREAKER_CHECK(lanes_ < kDatagrams);
  const auto index = static_cast<Index>(lanes_++);
  lane_[index] = {.via = via, .first = kNone, .last = kNone, .has_whole_ones = false};
  return index;
}

void SendQueue::add(Index lane, const Outgoing& datagram, std::size_t largest_segment) {
  ICEBREAKER_CHECK(!full() && datagram.header.size() <= kMaxHeaderBytes);
  const std::size_t bytes = datagram.header.size() + datagram.payload.size();
  const Index segment = keep(datagram);
  Index& latest = latest_[slot_of(datagram)];
  if (latest < messages_ && takes(message_[latest], datagram, bytes)) {
    Message& message = message_[latest];
    segment_[message.last].next = segment;
    message.last = segment;
    ++message.count;
    message.bytes += bytes;
    message.open = bytes == message.segment_bytes && message.count < kMostSegments;
    return;
  }
  latest = static_cast<Index>(messages_++);
  message_[latest] = {.via = datagram.via,
                      .to = datagram.to,
                      .source = datagram.source,
                      .traffic_class = datagram.traffic_class,
                      .dont_fragment = datagram.dont_fragment,
                      .segment_bytes = bytes,
                      .bytes = bytes,
                      .count = 1,
                      .open = bytes > 0 && bytes <= largest_segment,
                      .first = segment,
                      .last = segment,
                      .next = kNone};
  Lane& its = lane_[lane];
  its.has_whole_ones = its.has_whole_ones || datagram.dont_fragment;
  (its.first == kNone ? its.first : message_[its.last].next) = latest;
  its.last = latest;
}

// Loses to no other kind of traffic than many flows whose ports differ by a multiple of the table.
std::size_t SendQueue::slot_of(const Outgoing& datagram) {
  const std::size_t mixed = datagram.via.value * 31U + datagram.to.port * 7U +
                            static_cast<std::size_t>(datagram.to.ip.bytes().back());
  return mixed % std::tuple_size_v<decltype(latest_)>;
}

SendQueue::Index SendQueue::keep(const Outgoing& datagram) {
  const auto index = static_cast<Index>(datagrams_++);
  Segment& segment = segment_[index];
  segment.header_bytes = datagram.header.size();
  if (!datagram.header.empty()) {
    std::memcpy(segment.header.data(), datagram.header.data(), datagram.header.size());
  }
  segment.payload = datagram.payload;
  segment.next = kNone;
  return index;
}

bool SendQueue::takes(const Message& message, const Outgoing& datagram, std::size_t bytes) {
  return message.open && bytes > 0 && bytes <= message.segment_bytes &&
         message.bytes + bytes <= kMostBytes && message.via == datagram.via &&
         message.to == datagram.to && message.source == datagram.source &&
         message.traffic_class == datagram.traffic_class &&
         message.dont_fragment == datagram.dont_fragment;
}

SendQueue::Batch SendQueue::messages_of(Index lane) {
  std::size_t count = 0;
  std::size_t vectors = 0;
  for (Index each = lane_[lane].first; each != kNone; each = message_[each].next) {
    const Message& message = message_[each];
    msghdr& header = headers_[count].msg_hdr;
    header = {};
    header.msg_iov = &vectors_[vectors];
    for (Index at = message.first; at != kNone; at = segment_[at].next) {
      vectors += put_vectors(segment_[at], &vectors_[vectors]);
    }
    header.msg_iovlen = static_cast<std::size_t>(&vectors_[vectors] - header.msg_iov);
    ControlWriter control = address(header, each);
    if (message.count > 1) {
      control.put(IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(message.segment_bytes));
    }
    order_[count++] = each;
  }
  return {std::span{headers_}.first(count), std::span{order_}.first(count)};
}

std::span<mmsghdr> SendQueue::segments_of(Index index) {
  std::size_t count = 0;
  for (Index at = message_[index].first; at != kNone; at = segment_[at].next) {
    msghdr& header = apart_headers_[count].msg_hdr;
    header = {};
    header.msg_iov = &apart_vectors_[2 * count];
    header.msg_iovlen = put_vectors(segment_[at], header.msg_iov);
    address(header, index);
    ++count;
  }
  return std::span{apart_headers_}.first(count);
}

std::size_t SendQueue::put_vectors(const Segment& segment, iovec* vectors) const {
  std::size_t count = 0;
  if (segment.header_bytes > 0) {
    vectors[count++] = vector_of(ByteView{segment.header}.first(segment.header_bytes));
  }
  if (!segment.payload.empty()) vectors[count++] = vector_of(segment.payload);
  return count;
}

void SendQueue::put_traffic_class(ControlWriter& control, const Message& message) {
  const int value = message.traffic_class;
  if (message.to.ip.is_v4()) {
    control.put(IPPROTO_IP, IP_TOS, value);
  } else {
    control.put(IPPROTO_IPV6, IPV6_TCLASS, value);
  }
}

ControlWriter SendQueue::address(msghdr& header, Index index) {
  const Message& message = message_[index];
  to_[index] = SockAddr{message.to};
  header.msg_name = to_[index].get();
  header.msg_namelen = to_[index].size();
  ControlWriter control{header, control_[index]};
  if (message.source) put_source(control, *message.source);
  if (message.traffic_class != 0) put_traffic_class(control, message);
  return control;
}

}  // namespace icebreaker::net
