#include "common/net/stream_opening.hpp"

#include <algorithm>
#include <array>

#include "common/net/proxy_header.hpp"

namespace icebreaker::net {

// RFC 8446 §5.1: the content type of a record with a ClientHello. STUN begins with 0 to 3,
// ChannelData with 64 to 127.
constexpr std::byte kTlsHandshake{22};

std::string_view name_of(OpeningFailure failure) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"timeout", "closed-by-client", "untrusted-proxy", "missing-proxy-header",
       "malformed-proxy-header", "not-tls", "network-limit", "handshake"});
  static_assert(kNames.size() == static_cast<std::size_t>(OpeningFailure::Count));
  return kNames.at(static_cast<std::size_t>(failure));
}

StreamOpening::StreamOpening(StreamSecurity security, const std::vector<Cidr>& proxies,
                             const ConnectionInfo& connection)
    : security_{security},
      expects_proxy_header_{std::ranges::any_of(
          proxies, [&](const Cidr& each) { return each.contains(connection.client.ip); })},
      info_{connection} {}

StreamOpening::Step StreamOpening::on_bytes(ByteView bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (const auto decided = take_proxy_header()) return *decided;
  if (rest().empty()) return Step::NeedMoreBytes;
  const bool begins_as_tls = rest().front() == kTlsHandshake;
  if (security_ == StreamSecurity::Tls && !begins_as_tls) return fail(OpeningFailure::NotTls);
  if (security_ != StreamSecurity::None && begins_as_tls) info_.transport = Transport::Tls;
  return Step::Open;
}

// Nothing: it is taken, or there is none and none is due.
std::optional<StreamOpening::Step> StreamOpening::take_proxy_header() {
  if (header_bytes_ > 0) return std::nullopt;
  const auto header = parse_proxy_header(buffer_);
  if (!header && header.error() == NoProxyHeader::NeedMoreBytes) return Step::NeedMoreBytes;
  const bool is_header = header || header.error() == NoProxyHeader::Malformed;
  if (!expects_proxy_header_) {
    if (is_header) return fail(OpeningFailure::UntrustedProxy);
    return std::nullopt;
  }
  if (!is_header) return fail(OpeningFailure::MissingProxyHeader);
  if (!header) return fail(OpeningFailure::MalformedProxyHeader);
  header_bytes_ = header->size;
  if (header->addresses) {
    // Proxies that listen on both families name IPv4 clients as mapped addresses.
    const auto& [client, server] = *header->addresses;
    info_.client = {client.ip.unmapped(), client.port};
    info_.local = {server.ip.unmapped(), server.port};
  }
  return std::nullopt;
}

StreamOpening::Step StreamOpening::fail(OpeningFailure failure) {
  failure_ = failure;
  buffer_ = {};
  header_bytes_ = 0;
  return Step::Failed;
}

}  // namespace icebreaker::net
