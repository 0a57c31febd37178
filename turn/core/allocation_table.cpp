#include "turn/core/allocation_table.hpp"

#include <algorithm>
#include <utility>

#include "common/base/check.hpp"

namespace icebreaker::turn {

Allocation& AllocationTable::insert(Allocation allocation) {
  do {
    allocation.id = RelayId{++last_id_};
  } while (by_id_.contains(allocation.id));
  const RelayId id = allocation.id;
  Allocation& stored = by_id_.emplace(id, std::move(allocation)).first->second;
  const bool added = by_client_.emplace(stored.client, &stored).second;
  ICEBREAKER_CHECK(added);
  return stored;
}

void AllocationTable::erase(const Allocation& allocation) {
  by_client_.erase(allocation.client);
  by_id_.erase(RelayId{allocation.id});
}

std::vector<RelayId> AllocationTable::ids() const {
  std::vector<RelayId> ids;
  ids.reserve(by_id_.size());
  for (const auto& [id, allocation] : by_id_) ids.push_back(id);
  std::ranges::sort(ids);
  return ids;
}

}  // namespace icebreaker::turn
