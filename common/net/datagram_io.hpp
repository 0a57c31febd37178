// How a worker receives and sends datagrams in batches: EpollIo in production, MemoryNet in tests.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <system_error>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/relaxed_counter.hpp"
#include "common/base/size_counts.hpp"
#include "common/base/strong_id.hpp"
#include "common/base/time.hpp"

namespace icebreaker::net {

using SocketId = StrongId<struct SocketTag, std::uint32_t>;

struct Datagram {
  SocketId socket;  // that it came in on
  SocketAddress from;
  SocketAddress to;                // the local address it was sent to, also on wildcard sockets
  ByteView bytes;                  // valid until the next receive()
  std::uint8_t traffic_class = 0;  // DSCP and ECN of the IP header
};

struct Outgoing {
  SocketId via;
  std::optional<IpAddress> source;  // on wildcard sockets: the address to send from
  SocketAddress to;
  ByteView header;  // copied by send(); at most kMaxHeaderBytes
  ByteView
      payload;  // borrowed until flush(): a view of a received datagram or of a caller's buffer
  std::uint8_t traffic_class = 0;  // DSCP and ECN of the IP header
  bool dont_fragment = false;      // lost, when a link on its way cannot carry it whole
};

// An ICMP or ICMPv6 message about a datagram that was sent, or what the kernel found out before it
// asked the network: type and code are those of the datagram's family.
struct PathError {
  SocketId socket;   // that sent it
  SocketAddress to;  // where it did not arrive
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t mtu = 0;  // of messages that tell one
};

inline constexpr std::size_t kMaxHeaderBytes = 64;

enum class PortSharing : std::uint8_t { Exclusive, ReusePort };

struct OpenedSocket {
  SocketId id;
  SocketAddress local;
};

// Written by the worker's thread, readable from any.
struct IoCounters {
  RelaxedCounter received_packets;
  RelaxedCounter received_bytes;
  RelaxedCounter receive_batches;
  RelaxedCounter receive_drops;  // longer than a UDP datagram can be, or without usable address
  RelaxedCounter kernel_drops;   // for want of room in a socket's receive buffer
  RelaxedCounter sent_packets;
  RelaxedCounter sent_bytes;
  RelaxedCounter send_batches;
  RelaxedCounter send_failures;  // refused by the kernel, the datagram is lost

  SizeCounts receive_batch_sizes;  // datagrams
  SizeCounts received_aggregates;  // datagrams that the kernel handed over as one
  SizeCounts sent_aggregates;      // datagrams that the kernel was handed as one
};

class DatagramIo {
 public:
  virtual ~DatagramIo() = default;

  // Port 0 lets the kernel choose.
  virtual std::expected<OpenedSocket, std::error_code> open(const SocketAddress& local,
                                                            PortSharing sharing) = 0;
  virtual void close(SocketId socket) = 0;

  // Waits until something arrives, `until` passes (nullopt: no limit) or wake() is called; returns
  // what is there, maybe nothing.
  virtual std::span<const Datagram> receive(std::optional<MonoTime> until) = 0;

  // Of Exclusive sockets: what the last receive() learned, a bounded number at a time. Where that
  // cannot be known: nothing.
  [[nodiscard]] virtual std::span<const PathError> path_errors() const { return {}; }

  // Queues; the kernel sees it at flush() or when the queue is full.
  virtual void send(const Outgoing& datagram) = 0;
  virtual void flush() = 0;

  // The only member that other threads may call: receive() returns soon.
  virtual void wake() = 0;

  [[nodiscard]] virtual const IoCounters& counters() const = 0;
};

}  // namespace icebreaker::net
