// Where a signaling server is: http or https, ws or wss meaning the same.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace icebreaker::client_net {

struct ServerUrl {
  enum class Security : std::uint8_t { Plain, Tls };

  Security security = Security::Plain;
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 0;
  std::string base_path;  // begins and ends with '/'

  // As the Host header has it: with brackets, and with the port unless it is the usual one.
  [[nodiscard]] std::string authority() const;
  bool operator==(const ServerUrl&) const = default;
};

// "https://example.org/signal" and the like, or what is wrong with it.
std::expected<ServerUrl, std::string> parse_server_url(std::string_view text);

}  // namespace icebreaker::client_net
