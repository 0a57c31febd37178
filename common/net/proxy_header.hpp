// The PROXY protocol, versions 1 and 2: what a proxy in front of us says of a connection before the
// connection's first byte. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"

namespace icebreaker::net {

struct ProxiedAddresses {
  SocketAddress client;
  SocketAddress server;  // that the client connected to

  bool operator==(const ProxiedAddresses&) const = default;
};

struct ProxyHeader {
  // Nothing: the connection is the proxy's own (a health check), or of a kind without IP addresses.
  // The connection's own addresses are the ones that count.
  std::optional<ProxiedAddresses> addresses;
  std::size_t size = 0;  // of the header; the connection's bytes follow

  bool operator==(const ProxyHeader&) const = default;
};

enum class NoProxyHeader : std::uint8_t {
  NeedMoreBytes,
  NotAHeader,  // begins as something else
  Malformed,
};

// Longer ones are malformed: the extensions (TLVs) that proxies send stay far below it.
inline constexpr std::size_t kMaxProxyHeaderBytes = 4096;

std::expected<ProxyHeader, NoProxyHeader> parse_proxy_header(ByteView bytes);

}  // namespace icebreaker::net
