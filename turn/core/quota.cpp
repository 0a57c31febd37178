#include "turn/core/quota.hpp"

#include "common/base/check.hpp"
#include "common/base/client_network.hpp"

namespace icebreaker::turn {
namespace {

bool reached(std::size_t held, std::size_t limit) {
  return limit != 0 && held >= limit;
}

template <class Key>
std::size_t held_by(const std::unordered_map<Key, std::size_t>& counts, const Key& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

template <class Key>
void take_one_from(std::unordered_map<Key, std::size_t>& counts, const Key& key) {
  const auto held = counts.find(key);
  ICEBREAKER_CHECK(held != counts.end());
  if (--held->second == 0) counts.erase(held);
}

}  // namespace

std::optional<QuotaRefusal> QuotaLedger::acquire(const QuotaHolder& holder) {
  const std::string user{holder.user};
  const IpAddress network = client_network(holder.client);
  if (reached(total_, limits_.allocations)) return QuotaRefusal::ServerLimit;
  if (reached(held_by(by_user_, user), limits_.allocations_per_user)) {
    return QuotaRefusal::UserLimit;
  }
  if (reached(held_by(by_network_, network), limits_.allocations_per_network)) {
    return QuotaRefusal::NetworkLimit;
  }
  ++by_user_[user];
  ++by_network_[network];
  ++total_;
  return std::nullopt;
}

void QuotaLedger::release(const QuotaHolder& holder) {
  take_one_from(by_user_, std::string{holder.user});
  take_one_from(by_network_, client_network(holder.client));
  --total_;
}

}  // namespace icebreaker::turn
