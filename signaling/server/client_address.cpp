#include "signaling/server/client_address.hpp"

#include <algorithm>
#include <optional>

namespace icebreaker::signaling {

namespace {

// "192.0.2.1", "192.0.2.1:5000", "2001:db8::1", "[2001:db8::1]:5000", in quotes or not.
std::optional<IpAddress> forwarded_address(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (const auto ip = IpAddress::parse(text)) return ip->unmapped();
  if (const auto socket = SocketAddress::parse(text)) return socket->ip.unmapped();
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    if (const auto ip = IpAddress::parse(text.substr(1, text.size() - 2))) return ip->unmapped();
  }
  return std::nullopt;
}

// The last element of a comma-separated list; removes it from the list.
std::string_view take_last(std::string_view& list) {
  const auto comma = list.rfind(',');
  if (comma == std::string_view::npos) return std::exchange(list, {});
  const std::string_view last = list.substr(comma + 1);
  list = list.substr(0, comma);
  return last;
}

}  // namespace

bool TrustedProxies::trusts(const IpAddress& ip) const {
  return std::ranges::any_of(networks_, [&](const Cidr& network) {
    return network.contains(ip) || network.contains(ip.unmapped());
  });
}

IpAddress TrustedProxies::client_of(const HttpRequest& request) const {
  IpAddress client = request.peer.unmapped();
  std::string_view rest = request.forwarded_for;
  while (trusts(client) && !rest.empty()) {
    const std::string_view element = trimmed(take_last(rest));
    if (element.empty()) continue;  // RFC 9110 §5.6.1: nobody's
    const auto next = forwarded_address(element);
    if (!next) break;  // "unknown" or garbage: the last proxy that is known stands for it
    client = *next;
  }
  return client;
}

std::string TrustedProxies::host_of(const HttpRequest& request) const {
  if (request.forwarded_host.empty() || !trusts(request.peer)) return request.host;
  std::string_view hosts = request.forwarded_host;
  return std::string{trimmed(take_last(hosts))};
}

std::string_view host_without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(0, end + 1);
  }
  return host.substr(0, host.find(':'));
}

}  // namespace icebreaker::signaling
