// How many connections each network (/24, /56) has, so that one of them cannot take every place.
#pragma once

#include <cstddef>
#include <unordered_map>

#include "common/base/address.hpp"
#include "common/base/client_network.hpp"

namespace icebreaker::net {

// Holds networks with connections only: as many entries as connections at most.
class NetworkCounts {
 public:
  // 0: no limit.
  explicit NetworkCounts(std::size_t limit) : limit_{limit} {}

  // Whether there was room; then it is taken until give_back().
  bool take(const IpAddress& client) {
    if (limit_ == 0) return true;
    std::size_t& count = counts_[client_network(client)];
    if (count >= limit_) return false;
    ++count;
    return true;
  }

  void give_back(const IpAddress& client) {
    const auto found = counts_.find(client_network(client));
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }

  [[nodiscard]] std::size_t networks() const { return counts_.size(); }

 private:
  std::size_t limit_;
  std::unordered_map<IpAddress, std::size_t> counts_;
};

}  // namespace icebreaker::net
