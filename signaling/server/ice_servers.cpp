#include "signaling/server/ice_servers.hpp"

#include <algorithm>

#include "common/crypto/turn_rest.hpp"

namespace icebreaker::signaling {

namespace {

constexpr std::string_view kHostPlaceholder = "{host}";
constexpr std::size_t kMaxHostLength = 255;
// Lists without short-lived credentials do not age; asking once a day still brings news.
constexpr std::chrono::seconds kStaticTtl = std::chrono::hours{24};

// The host comes from a header, so it may be anything; in a URL it must stay a host.
bool is_usable_host(std::string_view host) {
  if (host.empty() || host.size() > kMaxHostLength) return false;
  return host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_[]:") ==
         std::string_view::npos;
}

std::vector<std::string> with_host(const std::vector<std::string>& urls, std::string_view host) {
  std::vector<std::string> filled;
  for (std::string url : urls) {
    const auto at = url.find(kHostPlaceholder);
    if (at != std::string::npos) {
      if (!is_usable_host(host)) continue;
      url.replace(at, kHostPlaceholder.size(), host);
    }
    filled.push_back(std::move(url));
  }
  return filled;
}

bool has_host(std::string_view url, std::string_view scheme) {
  if (!url.starts_with(scheme)) return false;
  const std::string_view rest = url.substr(scheme.size());
  return !rest.empty() && rest.find_first_of("/ @\t") == std::string_view::npos &&
         rest.front() != ':' && rest.front() != '?';
}

}  // namespace

IceServerList ConfiguredIceServers::ice_servers(Now now, const PeerId& peer,
                                                std::string_view host) {
  IceServerList list{.servers = {}, .ttl = kStaticTtl};
  if (auto urls = with_host(config_.stun, host); !urls.empty()) {
    list.servers.push_back({.urls = std::move(urls), .username = {}, .credential = {}});
  }
  for (const TurnServerConfig& turn : config_.turn) {
    auto urls = with_host(turn.urls, host);
    if (urls.empty()) continue;
    if (!turn.secret.empty()) {
      auto minted =
          crypto::mint_turn_rest_credentials(turn.secret, peer.value, now.wall + turn.ttl);
      list.servers.push_back({.urls = std::move(urls),
                              .username = std::move(minted.username),
                              .credential = std::move(minted.password)});
      list.ttl = std::min(list.ttl, turn.ttl);
    } else if (!turn.username.empty()) {
      list.servers.push_back(
          {.urls = std::move(urls), .username = turn.username, .credential = turn.credential});
    }
  }
  return list;
}

std::chrono::seconds ConfiguredIceServers::ttl() const {
  std::chrono::seconds shortest = kStaticTtl;
  for (const TurnServerConfig& turn : config_.turn) {
    if (!turn.secret.empty()) shortest = std::min(shortest, turn.ttl);
  }
  return shortest;
}

bool is_stun_url(std::string_view url) {
  return has_host(url, "stun:") || has_host(url, "stuns:");
}

bool is_turn_url(std::string_view url) {
  return has_host(url, "turn:") || has_host(url, "turns:");
}

}  // namespace icebreaker::signaling
