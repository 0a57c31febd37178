#include "turn/core/quota.hpp"

#include "common/base/check.hpp"

namespace icebreaker::turn {

std::optional<QuotaRefusal> QuotaLedger::acquire(std::string_view user) {
  if (limits_.allocations != 0 && total_ >= limits_.allocations) return QuotaRefusal::ServerLimit;
  const auto held = by_user_.find(std::string{user});
  const std::size_t count = held == by_user_.end() ? 0 : held->second;
  if (limits_.allocations_per_user != 0 && count >= limits_.allocations_per_user) {
    return QuotaRefusal::UserLimit;
  }
  ++by_user_[std::string{user}];
  ++total_;
  return std::nullopt;
}

void QuotaLedger::release(std::string_view user) {
  const auto held = by_user_.find(std::string{user});
  ICEBREAKER_CHECK(held != by_user_.end());
  if (--held->second == 0) by_user_.erase(held);
  --total_;
}

}  // namespace icebreaker::turn
