// All clients and all peers of a measurement: one socket each, one flow for each allocation.
// Builds, sends and verifies the datagrams; the patterns of traffic (closed_loop, open_loop) are
// above it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "tests/bench/turn_load/crowd_socket.hpp"
#include "tests/bench/turn_load/payload.hpp"
#include "tests/bench/turn_load/tally.hpp"
#include "tests/bench/turn_load/turn_session.hpp"

namespace icebreaker::bench {

using Clock = std::chrono::steady_clock;

struct CrowdOptions {
  Endpoint server;
  Credentials credentials;
  std::uint32_t flows = 1;
  std::size_t payload_bytes = 160;
  Receiving receiving = Receiving::Single;
};

// How the datagrams of one burst are given to the kernel.
enum class Sending : std::uint8_t { Single, Aggregates };

class Crowd {
 public:
  static constexpr std::uint32_t kMaxFlows = 65'000;

  // Throws std::system_error.
  explicit Crowd(CrowdOptions options);

  [[nodiscard]] std::uint32_t flows() const { return static_cast<std::uint32_t>(flows_.size()); }

  [[nodiscard]] const Tally& tally() const { return tally_; }

  [[nodiscard]] const LatencyHistogram& latency() const { return latency_; }

  void forget_latency() { latency_ = {}; }

  [[nodiscard]] std::uint64_t refused() const { return clients_.refused() + peers_.refused(); }

  // Makes the allocations, or releases them; throws std::runtime_error with what the server
  // answered, or that it did not.
  void allocate();
  void release();

  void send(std::uint32_t flow, Direction direction, std::size_t count, Sending sending);
  void flush();

  using OnArrival = std::function<void(std::uint32_t flow, Direction direction)>;
  // Takes in what is there; how many messages that was. Only datagrams that are right and new are
  // reported.
  std::size_t receive(const OnArrival& on_arrival);

  std::size_t receive() {
    return receive([](std::uint32_t /*flow*/, Direction /*direction*/) {});
  }

 private:
  struct Flow {
    TurnSession session;
    std::array<SequenceWindow, 2> arrived;
    std::array<std::uint64_t, 2> next{};  // sequence numbers
  };

  void run_sessions(const char* what);
  void on_client_message(const Message& message, std::uint64_t now_ns, const OnArrival& on_arrival);
  void on_peer_message(const Message& message, std::uint64_t now_ns, const OnArrival& on_arrival);
  // `payload` is nothing when the datagram is not even one of this flow.
  void on_payload(std::uint32_t index, Direction direction, ByteView payload, std::uint64_t now_ns,
                  const OnArrival& on_arrival);

  CrowdOptions options_;
  CrowdSocket clients_;
  CrowdSocket peers_;
  std::vector<Flow> flows_;
  Tally tally_;
  LatencyHistogram latency_;
};

}  // namespace icebreaker::bench
