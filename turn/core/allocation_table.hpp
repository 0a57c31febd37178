// The allocations of one worker, by the client's five-tuple and by relay.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/time.hpp"
#include "turn/core/bandwidth.hpp"
#include "turn/core/channels.hpp"
#include "turn/core/family_relays.hpp"
#include "turn/core/ids.hpp"
#include "turn/core/permissions.hpp"
#include "turn/core/reply_to.hpp"
#include "turn/core/traffic.hpp"

namespace icebreaker::turn {

enum class AllocationState : std::uint8_t { Opening, Ready };

struct Allocation {
  RelayId id;
  FiveTuple client;
  std::string username;
  std::string quota_user;
  AllocationState state = AllocationState::Opening;
  FamilyRelays relays{};

  // Of the request that made it: RFC 8656 §7.2 wants its retransmission answered with success.
  ReplyTo asked_by;
  std::chrono::seconds granted_lifetime{0};
  std::optional<ReservationToken> reserved_next{};

  MonoTime created_at;
  MonoTime expires_at;  // of the relay that lasts longest
  Permissions permissions{};
  Channels channels{};
  Traffic traffic{};
  MonoTime icmp_spent_until{};
  std::size_t counted_permissions = 0;  // in the relay's sums
  std::size_t counted_channels = 0;
  ByteBuckets buckets{};
  ByteBuckets* user_buckets = nullptr;  // shared by the user's allocations; null without a limit
};

// Pointers stay valid until their allocation is erased.
class AllocationTable {
 public:
  // The client must not hold an allocation; the id is set here.
  Allocation& insert(Allocation allocation);
  void erase(const Allocation& allocation);

  [[nodiscard]] Allocation* find(const FiveTuple& client) {
    const auto found = by_client_.find(client);
    return found == by_client_.end() ? nullptr : found->second;
  }

  [[nodiscard]] Allocation* find(RelayId id) {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }

  // In order, for the rare walks over everything.
  [[nodiscard]] std::vector<RelayId> ids() const;

 private:
  std::unordered_map<RelayId, Allocation> by_id_;
  std::unordered_map<FiveTuple, Allocation*> by_client_;
  std::uint32_t last_id_ = 0;
};

}  // namespace icebreaker::turn
