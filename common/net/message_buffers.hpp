// The memory behind recvmmsg and sendmmsg: laid out once per worker, nothing per packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <sys/socket.h>

#include "common/net/datagram_io.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::net {

inline constexpr std::size_t kBatch = 64;

// Room for one IP_PKTINFO or IPV6_PKTINFO control message.
struct alignas(cmsghdr) ControlBuffer {
  std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> bytes{};
};

// Up to kBatch received datagrams of any size.
class ReceiveBuffers {
 public:
  ReceiveBuffers();

  void clear() { used_ = 0; }

  [[nodiscard]] std::size_t room() const { return kBatch - used_; }

  // Headers for at most `count` further datagrams, ready for recvmmsg.
  std::span<mmsghdr> prepare(std::size_t count);

  // The first `count` of those prepared last hold datagrams now.
  void take(std::size_t count) { used_ += count; }

  // What arrived in one of the headers that prepare() returned; nothing when it was cut short or
  // has no usable address. `local` is the address its socket is bound to.
  [[nodiscard]] static std::optional<Datagram> datagram_in(const mmsghdr& header, SocketId socket,
                                                           const SocketAddress& local);

 private:
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<SockAddr, kBatch> from_{};
  std::array<ControlBuffer, kBatch> control_{};
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t used_ = 0;
};

// Up to kBatch datagrams waiting for sendmmsg.
class SendBuffers {
 public:
  void clear() { size_ = 0; }

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] bool full() const { return size_ == kBatch; }

  void add(const Outgoing& datagram);

  [[nodiscard]] SocketId via(std::size_t index) const { return via_[index]; }

  // A header for sendmmsg that borrows from this object.
  [[nodiscard]] mmsghdr header(std::size_t index);

 private:
  std::array<SocketId, kBatch> via_{};
  std::array<SockAddr, kBatch> to_{};
  std::array<std::optional<IpAddress>, kBatch> source_{};
  std::array<std::array<std::byte, kMaxHeaderBytes>, kBatch> prefixes_{};
  std::array<std::array<iovec, 2>, kBatch> vectors_{};
  std::array<ControlBuffer, kBatch> control_{};
  std::size_t size_ = 0;
};

}  // namespace icebreaker::net
