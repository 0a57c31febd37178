// How many allocations a user and the whole server may hold. Asked on the control path only, so an
// implementation may be shared by all workers behind a lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace icebreaker::turn {

enum class QuotaRefusal : std::uint8_t { UserLimit, ServerLimit };

class Quota {
 public:
  virtual ~Quota() = default;

  // Takes one allocation; nothing when it was granted.
  virtual std::optional<QuotaRefusal> acquire(std::string_view user) = 0;
  // Gives back what acquire() took.
  virtual void release(std::string_view user) = 0;
};

struct QuotaLimits {
  std::size_t allocations_per_user = 10;  // 0: no limit
  std::size_t allocations = 0;            // 0: no limit
};

class QuotaLedger final : public Quota {
 public:
  explicit QuotaLedger(QuotaLimits limits) : limits_{limits} {}

  std::optional<QuotaRefusal> acquire(std::string_view user) override;
  void release(std::string_view user) override;

  // What is held already stays.
  void set_limits(QuotaLimits limits) { limits_ = limits; }

  [[nodiscard]] std::size_t total() const { return total_; }

  [[nodiscard]] std::size_t users() const { return by_user_.size(); }

 private:
  QuotaLimits limits_;
  std::size_t total_ = 0;
  std::unordered_map<std::string, std::size_t> by_user_;
};

}  // namespace icebreaker::turn
