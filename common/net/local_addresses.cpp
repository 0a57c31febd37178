#include "common/net/local_addresses.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "common/net/sockaddr.hpp"

namespace icebreaker::net {
namespace {

std::optional<IpAddress> ip_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return net::ip_of(v4.sin_addr);
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) return std::nullopt;
  return net::ip_of(v6.sin6_addr, v6.sin6_scope_id);
}

}  // namespace

std::expected<std::vector<IpAddress>, std::error_code> local_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) {
    return std::unexpected(std::error_code{errno, std::system_category()});
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{list, &::freeifaddrs};
  std::vector<IpAddress> result;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if ((each->ifa_flags & IFF_UP) == 0) continue;
    const auto ip = ip_of(each->ifa_addr);
    if (ip && std::ranges::find(result, *ip) == result.end()) result.push_back(*ip);
  }
  return result;
}

}  // namespace icebreaker::net
