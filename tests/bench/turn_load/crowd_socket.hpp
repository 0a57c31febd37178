// One UDP socket that is many hosts: it sends from any address of 127.0.0.0/8 and tells to which
// one a datagram came, so that a thousand clients cost the generator as few system calls as one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <system_error>

#include <netinet/in.h>

#include "common/base/bytes.hpp"
#include "common/net/unique_fd.hpp"

namespace icebreaker::bench {

// An IPv4 transport address in host order.
struct Endpoint {
  std::uint32_t ip = 0;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

// Whether the kernel may hand over several datagrams of a flow as one message (UDP_GRO).
enum class Receiving : std::uint8_t { Single, Aggregates };

struct Message {
  std::uint32_t local_ip = 0;
  Endpoint from;
  ByteView bytes;                 // valid until the next receive()
  std::size_t segment_bytes = 0;  // of each datagram in it; the last may be shorter
};

class CrowdSocket {
 public:
  static constexpr std::size_t kBatch = 64;
  static constexpr std::size_t kMaxMessageBytes = 65'000;

  // On a free port of the wildcard address.
  static std::expected<CrowdSocket, std::error_code> open(Receiving receiving);

  // The same; throws std::system_error.
  static CrowdSocket open_or_throw(Receiving receiving);

  CrowdSocket(CrowdSocket&&) noexcept;
  CrowdSocket& operator=(CrowdSocket&&) noexcept;
  CrowdSocket(const CrowdSocket&) = delete;
  CrowdSocket& operator=(const CrowdSocket&) = delete;
  ~CrowdSocket();

  [[nodiscard]] std::uint16_t port() const { return port_; }

  // What is there already; it does not wait.
  std::span<const Message> receive();

  // Queues a message whose bytes the caller writes now. With segment_bytes the kernel cuts it into
  // datagrams of that size (UDP_SEGMENT); 0: it is one datagram.
  MutableByteView stage(std::uint32_t local_ip, Endpoint to, std::size_t bytes,
                        std::size_t segment_bytes = 0);
  // Sends what is queued; what the kernel refuses is dropped and counted.
  void flush();

  // Until one of the two has something, or that long.
  static void wait(const CrowdSocket& one, const CrowdSocket& other,
                   std::chrono::milliseconds longest);

  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  struct Incoming;
  struct Outgoing;

  CrowdSocket(net::UniqueFd fd, std::uint16_t port);

  net::UniqueFd fd_;
  std::uint16_t port_;
  std::unique_ptr<Incoming> in_;
  std::unique_ptr<Outgoing> out_;
  std::uint64_t refused_ = 0;
};

}  // namespace icebreaker::bench
