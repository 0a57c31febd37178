// What comes before the first byte of a connection's own: the header of a proxy, and whether TLS
// follows. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/transport.hpp"

namespace icebreaker::net {

enum class StreamSecurity : std::uint8_t {
  None,
  ByFirstByte,  // TLS when the client begins like that
  Tls,
};

struct ConnectionInfo {
  SocketAddress client;  // as the proxy says, when there is a trusted one
  SocketAddress local;
  Transport transport = Transport::Tcp;
};

// Why a connection never came to its first byte; metric labels.
enum class OpeningFailure : std::uint8_t {
  Timeout,
  ClosedByClient,
  UntrustedProxy,  // a PROXY header from somebody who may not send one
  MissingProxyHeader,
  MalformedProxyHeader,
  NotTls,
  NetworkLimit,  // of the network that the proxy named
  Handshake,
  Count,
};

std::string_view name_of(OpeningFailure failure);

class StreamOpening {
 public:
  // Connections from `proxies` begin with a PROXY header; from elsewhere they must not.
  StreamOpening(StreamSecurity security, const std::vector<Cidr>& proxies,
                const ConnectionInfo& connection);

  [[nodiscard]] bool expects_proxy_header() const { return expects_proxy_header_; }

  enum class Step : std::uint8_t { NeedMoreBytes, Open, Failed };

  // Keeps a copy of what it cannot decide on yet.
  Step on_bytes(ByteView bytes);

  // After Open. Its transport is Tls when a handshake follows.
  [[nodiscard]] const ConnectionInfo& info() const { return info_; }

  // After Open: what has come of the connection's own bytes.
  [[nodiscard]] ByteView rest() const { return ByteView{buffer_}.subspan(header_bytes_); }

  // After Failed.
  [[nodiscard]] OpeningFailure failure() const { return failure_; }

 private:
  std::optional<Step> take_proxy_header();
  Step fail(OpeningFailure failure);

  StreamSecurity security_;
  bool expects_proxy_header_;
  ConnectionInfo info_;
  std::vector<std::byte> buffer_;
  std::size_t header_bytes_ = 0;
  OpeningFailure failure_ = OpeningFailure::Timeout;
};

}  // namespace icebreaker::net
