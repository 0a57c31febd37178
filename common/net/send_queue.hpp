// Datagrams waiting for sendmmsg, put together so that few calls carry them: those of one socket
// form a lane, and in it runs of equal size to one destination form one message (UDP_SEGMENT).
// Headers are kept, payloads borrowed; nothing is allocated after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/socket.h>

#include "common/net/control_messages.hpp"
#include "common/net/datagram_io.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::net {

class SendQueue {
 public:
  static constexpr std::size_t kDatagrams = 256;
  // Kernels before 6.9 take no more (UDP_MAX_SEGMENTS).
  static constexpr std::size_t kMostSegments = 64;

  using Index = std::uint16_t;
  static constexpr Index kNone = UINT16_MAX;

  [[nodiscard]] bool full() const { return datagrams_ == kDatagrams; }

  // A lane for this socket, until clear().
  Index open_lane(SocketId via);

  // Not when full(). The order within a destination stays. `largest_segment`: longer datagrams are
  // messages of their own; 0: all are.
  void add(Index lane, const Outgoing& datagram, std::size_t largest_segment);

  [[nodiscard]] std::size_t lanes() const { return lanes_; }

  [[nodiscard]] SocketId via(Index lane) const { return lane_[lane].via; }

  // Messages ready for the kernel, which borrow from this object until the next call.
  struct Batch {
    std::span<mmsghdr> headers;
    std::span<const Index> messages;  // which message each header stands for

    [[nodiscard]] bool empty() const { return headers.empty(); }

    [[nodiscard]] Batch first(std::size_t count) const {
      return {headers.first(count), messages.first(count)};
    }

    [[nodiscard]] Batch without_first(std::size_t count) const {
      return {headers.subspan(count), messages.subspan(count)};
    }
  };

  Batch messages_of(Index lane);

  [[nodiscard]] std::size_t segments_in(Index message) const { return message_[message].count; }

  [[nodiscard]] std::size_t segment_bytes(Index message) const {
    return message_[message].segment_bytes;
  }

  // Whether some of the lane's messages must not be fragmented, and whether this one is among them.
  [[nodiscard]] bool has_whole_ones(Index lane) const { return lane_[lane].has_whole_ones; }

  [[nodiscard]] bool stays_whole(Index message) const { return message_[message].dont_fragment; }

  // The datagrams of a message, one header each, beside what messages_of() returned.
  std::span<mmsghdr> segments_of(Index message);

  void clear() { datagrams_ = messages_ = lanes_ = 0; }

 private:
  struct Segment {
    std::array<std::byte, kMaxHeaderBytes> header{};
    std::size_t header_bytes = 0;
    ByteView payload;
    Index next = kNone;
  };

  struct Message {
    SocketId via;
    SocketAddress to;
    std::optional<IpAddress> source;
    std::uint8_t traffic_class = 0;
    bool dont_fragment = false;
    std::size_t segment_bytes = 0;
    std::size_t bytes = 0;
    std::size_t count = 0;
    bool open = false;  // further segments may follow
    Index first = kNone;
    Index last = kNone;
    Index next = kNone;  // of the lane
  };

  struct Lane {
    SocketId via;
    Index first = kNone;
    Index last = kNone;
    bool has_whole_ones = false;
  };

  static std::size_t slot_of(const Outgoing& datagram);
  Index keep(const Outgoing& datagram);
  [[nodiscard]] static bool takes(const Message& message, const Outgoing& datagram,
                                  std::size_t bytes);
  // At most two.
  std::size_t put_vectors(const Segment& segment, iovec* vectors) const;
  static void put_traffic_class(ControlWriter& control, const Message& message);
  ControlWriter address(msghdr& header, Index message);

  std::size_t datagrams_ = 0;
  std::size_t messages_ = 0;
  std::size_t lanes_ = 0;
  std::array<Segment, kDatagrams> segment_{};
  std::array<Message, kDatagrams> message_{};
  std::array<Lane, kDatagrams> lane_{};
  // The latest message of each flow, by slot_of(); what a slot says may be of another flow.
  std::array<Index, 256> latest_{};

  std::array<SockAddr, kDatagrams> to_{};
  std::array<ControlBuffer, kDatagrams> control_{};
  std::array<iovec, 2 * kDatagrams> vectors_{};
  std::array<mmsghdr, kDatagrams> headers_{};
  std::array<Index, kDatagrams> order_{};
  std::array<iovec, 2 * kMostSegments> apart_vectors_{};
  std::array<mmsghdr, kMostSegments> apart_headers_{};
};

}  // namespace icebreaker::net
