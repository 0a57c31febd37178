// The relay sockets of one worker: binds random ports of the configured range and knows which
// socket belongs to which allocation.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <system_error>
#include <unordered_map>

#include "common/base/address.hpp"
#include "common/base/random.hpp"
#include "common/net/datagram_io.hpp"
#include "turn/core/effects.hpp"
#include "turn/core/ids.hpp"
#include "turn/core/peer_policy.hpp"
#include "turn/core/reservations.hpp"

namespace icebreaker::turn {

class RelaySockets {
 public:
  // The references outlive this object.
  RelaySockets(net::DatagramIo& io, RandomSource& random, Reservations& reservations,
               RelayPorts ports)
      : io_{io}, random_{random}, reservations_{reservations}, ports_{ports} {}

  // The address bound. Ports are unpredictable: guessing them would help to spoof peers. EADDRINUSE
  // when no free one was found after a bounded search.
  std::expected<SocketAddress, std::error_code> open(MonoTime now,
                                                     const effect::OpenRelay& request);

  void close(RelayId relay, Family family);

  [[nodiscard]] std::optional<RelayId> relay_of(net::SocketId socket) const {
    const auto found = by_socket_.find(socket);
    if (found == by_socket_.end()) return std::nullopt;
    return found->second;
  }

  // Nothing for a relay that was never opened or is closed.
  [[nodiscard]] std::optional<net::OpenedSocket> socket_of(RelayId relay, Family family) const {
    const auto found = by_relay_.find(key_of(relay, family));
    if (found == by_relay_.end()) return std::nullopt;
    return found->second;
  }

 private:
  using Opened = std::expected<net::OpenedSocket, std::error_code>;

  static std::uint64_t key_of(RelayId relay, Family family) {
    return std::uint64_t{relay.value} << 1U | (family == Family::V6 ? 1U : 0U);
  }

  Opened search(MonoTime now, const effect::OpenRelay& request);
  Opened open_port(MonoTime now, const effect::OpenRelay& request, std::uint16_t port);
  std::error_code keep(MonoTime now, const Reservation& next);

  net::DatagramIo& io_;
  RandomSource& random_;
  Reservations& reservations_;
  RelayPorts ports_;
  std::unordered_map<net::SocketId, RelayId> by_socket_;
  std::unordered_map<std::uint64_t, net::OpenedSocket> by_relay_;
};

}  // namespace icebreaker::turn
