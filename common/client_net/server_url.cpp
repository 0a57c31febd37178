#include "common/client_net/server_url.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/parse_number.hpp"

namespace icebreaker::client_net {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::size_t kMaxHost = 253;

using Security = ServerUrl::Security;

std::uint16_t usual_port(Security security) {
  return security == Security::Tls ? kHttpsPort : kHttpPort;
}

std::optional<Security> take_scheme(std::string_view& text) {
  struct Scheme {
    std::string_view prefix;
    Security security;
  };

  constexpr std::array kSchemes{Scheme{"http://", Security::Plain},
                                Scheme{"https://", Security::Tls}, Scheme{"ws://", Security::Plain},
                                Scheme{"wss://", Security::Tls}};
  for (const auto& [prefix, security] : kSchemes) {
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    return security;
  }
  return std::nullopt;
}

// Nothing that could end a line or a field of a request.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_number<std::uint16_t>(text);
  return port == 0 ? std::nullopt : port;
}

}  // namespace

std::string ServerUrl::authority() const {
  std::string text = host.contains(':') ? "[" + host + "]" : host;
  if (port != usual_port(security)) text += ":" + std::to_string(port);
  return text;
}

std::expected<ServerUrl, std::string> parse_server_url(std::string_view text) {
  const std::string whole{text};
  const auto problem = [&](std::string_view what) {
    return std::unexpected("'" + whole + "' " + std::string{what});
  };
  const auto security = take_scheme(text);
  if (!security) return problem("must begin with http://, https://, ws:// or wss://");
  if (text.find_first_of("?#@") != text.npos || !is_plain(text)) {
    return problem("must have no user, query or fragment");
  }
  ServerUrl url{*security, {}, usual_port(*security), "/"};
  if (const auto slash = text.find('/'); slash != text.npos) {
    url.base_path = text.substr(slash);
    if (!url.base_path.ends_with('/')) url.base_path.push_back('/');
    text = text.substr(0, slash);
  }
  const bool bracketed = text.starts_with('[');
  const auto host_end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && host_end == text.npos) return problem("has a '[' without ']'");
  const std::string_view rest =
      host_end == text.npos ? std::string_view{} : text.substr(host_end + (bracketed ? 1 : 0));
  url.host = bracketed ? text.substr(1, host_end - 1) : text.substr(0, host_end);
  if (url.host.empty() || url.host.size() > kMaxHost) return problem("names no host");
  if (rest.empty()) return url;
  const auto port = rest.starts_with(':') ? parse_port(rest.substr(1)) : std::nullopt;
  if (!port) return problem("has a wrong port");
  url.port = *port;
  return url;
}

}  // namespace icebreaker::client_net
