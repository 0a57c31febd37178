// How many connections each network (/24, /56) has, so that one of them cannot take every place.
#pragma once

#include <cstddef>
#include <unordered_map>

#include "common/base/address.hpp"

namespace icebreaker::net {

// Holds networks with connections only: as many entries as connections at most.
class NetworkCounts {
 public:
  // 0: no limit.
  explicit NetworkCounts(std::size_t limit) : limit_{limit} {}

  // Whether there was room; then it is taken until give_back().
  bool take(const IpAddress& client) {
    if (limit_ == 0) return true;
    std::size_t& count = counts_[network_of(client)];
    if (count >= limit_) return false;
    ++count;
    return true;
  }

  void give_back(const IpAddress& client) {
    const auto found = counts_.find(network_of(client));
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }

  [[nodiscard]] std::size_t networks() const { return counts_.size(); }

 private:
  static IpAddress network_of(const IpAddress& client) {
    constexpr unsigned kV4PrefixBits = 24;
    constexpr unsigned kV6PrefixBits = 56;
    const IpAddress ip = client.unmapped().with_zone(0);
    return Cidr::around(ip, ip.is_v4() ? kV4PrefixBits : kV6PrefixBits).base();
  }

  std::size_t limit_;
  std::unordered_map<IpAddress, std::size_t> counts_;
};

}  // namespace icebreaker::net
