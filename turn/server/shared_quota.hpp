// The quota of all workers together. Its lock is taken on the control path only, when allocations
// come and go.
#pragma once

#include <mutex>
#include <optional>

#include "turn/core/quota.hpp"

namespace icebreaker::turn {

class SharedQuota final : public Quota {
 public:
  explicit SharedQuota(QuotaLimits limits) : ledger_{limits} {}

  std::optional<QuotaRefusal> acquire(const QuotaHolder& holder) override {
    const std::scoped_lock lock{mutex_};
    return ledger_.acquire(holder);
  }

  void release(const QuotaHolder& holder) override {
    const std::scoped_lock lock{mutex_};
    ledger_.release(holder);
  }

  void set_limits(QuotaLimits limits) {
    const std::scoped_lock lock{mutex_};
    ledger_.set_limits(limits);
  }

 private:
  std::mutex mutex_;
  QuotaLedger ledger_;
};

}  // namespace icebreaker::turn
