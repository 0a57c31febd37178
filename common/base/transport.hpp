// What carries a client's bytes to a server; named in configuration, logs and metrics.
#pragma once

#include <cstdint>
#include <string_view>

namespace icebreaker {

enum class Transport : std::uint8_t { Udp, Tcp, Tls, Dtls };

constexpr std::string_view name_of(Transport transport) {
  switch (transport) {
    case Transport::Udp:
      return "udp";
    case Transport::Tcp:
      return "tcp";
    case Transport::Tls:
      return "tls";
    case Transport::Dtls:
      return "dtls";
  }
  return "unknown";
}

// Datagram transports take their ports from UDP, the others from TCP.
constexpr bool is_datagram(Transport transport) {
  return transport == Transport::Udp || transport == Transport::Dtls;
}

}  // namespace icebreaker
