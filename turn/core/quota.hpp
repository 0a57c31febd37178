// How many allocations a user, a network and the whole server may hold. Asked on the control path
// only, so an implementation may be shared by all workers behind a lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/address.hpp"

namespace icebreaker::turn {

enum class QuotaRefusal : std::uint8_t { UserLimit, NetworkLimit, ServerLimit, Count };

// Also metric labels.
std::string_view name_of(QuotaRefusal refusal);

// Whose allocation it is.
struct QuotaHolder {
  std::string_view user;
  IpAddress client;
};

class Quota {
 public:
  virtual ~Quota() = default;

  // Takes one allocation; nothing when it was granted.
  virtual std::optional<QuotaRefusal> acquire(const QuotaHolder& holder) = 0;
  // Gives back what acquire() took.
  virtual void release(const QuotaHolder& holder) = 0;
};

struct QuotaLimits {
  std::size_t allocations_per_user = 10;    // 0: no limit
  std::size_t allocations_per_network = 0;  // of one /24 or /56; 0: no limit
  std::size_t allocations = 0;              // 0: no limit
};

class QuotaLedger final : public Quota {
 public:
  explicit QuotaLedger(QuotaLimits limits) : limits_{limits} {}

  std::optional<QuotaRefusal> acquire(const QuotaHolder& holder) override;
  void release(const QuotaHolder& holder) override;

  // What is held already stays.
  void set_limits(QuotaLimits limits) { limits_ = limits; }

  [[nodiscard]] std::size_t total() const { return total_; }

  [[nodiscard]] std::size_t users() const { return by_user_.size(); }

  [[nodiscard]] std::size_t networks() const { return by_network_.size(); }

 private:
  QuotaLimits limits_;
  std::size_t total_ = 0;
  // Counted whether there are limits or not: a reload may bring some.
  std::unordered_map<std::string, std::size_t> by_user_;
  std::unordered_map<IpAddress, std::size_t> by_network_;
};

}  // namespace icebreaker::turn
