// The relay sockets of one worker: binds random ports of the configured range and knows which
// socket belongs to which allocation.
#pragma once

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

namespace icebreaker::turn {

class RelaySockets {
 public:
  // Both outlive this object.
  RelaySockets(net::DatagramIo& io, RandomSource& random, RelayPorts ports)
      : io_{io}, random_{random}, ports_{ports} {}

  // The address bound. Ports are unpredictable: guessing them would help to spoof peers. EADDRINUSE
  // when no free one was found after a bounded search.
  std::expected<SocketAddress, std::error_code> open(const effect::OpenRelay& request);

  void close(RelayId relay);

  [[nodiscard]] std::optional<RelayId> relay_of(net::SocketId socket) const {
    const auto found = by_socket_.find(socket);
    if (found == by_socket_.end()) return std::nullopt;
    return found->second;
  }

  // Nothing for a relay that was never opened or is closed.
  [[nodiscard]] std::optional<net::OpenedSocket> socket_of(RelayId relay) const {
    const auto found = by_relay_.find(relay);
    if (found == by_relay_.end()) return std::nullopt;
    return found->second;
  }

 private:
  net::DatagramIo& io_;
  RandomSource& random_;
  RelayPorts ports_;
  std::unordered_map<net::SocketId, RelayId> by_socket_;
  std::unordered_map<RelayId, net::OpenedSocket> by_relay_;
};

}  // namespace icebreaker::turn
