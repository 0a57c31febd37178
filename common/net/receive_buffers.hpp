// The memory behind recvmmsg: laid out once per worker, nothing per packet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <sys/socket.h>

#include "common/net/control_messages.hpp"
#include "common/net/datagram_io.hpp"
#include "common/net/sockaddr.hpp"

namespace icebreaker::net {

// What one call of the kernel handed over: a datagram, or several of one sender that came in a row
// (UDP_GRO), all of segment_bytes but the last, which may be shorter.
struct Arrival {
  SocketAddress from;
  SocketAddress to;
  ByteView bytes;
  std::size_t segment_bytes = 0;                // 0: a single one
  std::optional<std::uint32_t> drops_so_far{};  // of its socket (SO_RXQ_OVFL)
  std::uint8_t traffic_class = 0;
};

class ReceiveBuffers {
 public:
  static constexpr std::size_t kSlots = 64;

  ReceiveBuffers();

  // Gives up what was taken.
  void clear();

  [[nodiscard]] std::size_t room() const { return kSlots - used_; }

  // Headers for recvmmsg, at most `count`.
  [[nodiscard]] std::span<mmsghdr> free_headers(std::size_t count);

  // The first `count` of the free ones hold arrivals now.
  void take(std::size_t count) { used_ += count; }

  // What is in one of the headers; nothing when it was cut short or has no usable address. `local`
  // is the address its socket is bound to.
  [[nodiscard]] static std::optional<Arrival> arrival_in(const mmsghdr& header,
                                                         const SocketAddress& local);

 private:
  void reset(std::size_t slot);

  std::array<mmsghdr, kSlots> headers_{};
  std::array<iovec, kSlots> vectors_{};
  std::array<SockAddr, kSlots> from_{};
  std::array<ControlBuffer, kSlots> control_{};
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t used_ = 0;
};

}  // namespace icebreaker::net
