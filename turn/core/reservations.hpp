// The relay ports that are held back for a later Allocate with their token (RFC 8656 §7.2).
// Reservations are the whole server's; asked on the control path only, so an implementation may be
// shared by all workers behind a lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/time.hpp"
#include "turn/core/ids.hpp"

namespace icebreaker::turn {

// RFC 8656 §7.2: at least.
inline constexpr std::chrono::seconds kReservationLifetime{30};

struct Reservation {
  ReservationToken token{};
  std::string user;     // nobody else may take it
  SocketAddress bound;  // where the relay port would be bound
};

enum class Hold : std::uint8_t {
  Granted,
  PortHeld,  // another port may do
  TooMany,   // of this user, or of all
};

class Reservations {
 public:
  virtual ~Reservations() = default;

  // For the core: what the user's token stands for, when it is still held.
  virtual std::optional<SocketAddress> find(MonoTime now, const ReservationToken& token,
                                            std::string_view user) = 0;

  // For the shell. hold() comes before it looks whether the port is free.
  virtual Hold hold(MonoTime now, const Reservation& reservation) = 0;
  virtual bool is_held(MonoTime now, const SocketAddress& bound) = 0;
  // The port turned out to be taken, or its reservation was used.
  virtual void release(const SocketAddress& bound) = 0;
};

struct ReservationLimits {
  std::size_t per_user = 10;
  std::size_t total = 1000;
};

class ReservationLedger final : public Reservations {
 public:
  explicit ReservationLedger(ReservationLimits limits = {}) : limits_{limits} {}

  std::optional<SocketAddress> find(MonoTime now, const ReservationToken& token,
                                    std::string_view user) override;
  Hold hold(MonoTime now, const Reservation& reservation) override;
  bool is_held(MonoTime now, const SocketAddress& bound) override;
  void release(const SocketAddress& bound) override;

  [[nodiscard]] std::size_t size(MonoTime now) {
    expire(now);
    return held_.size();
  }

 private:
  struct Held {
    Reservation reservation;
    MonoTime expires_at;
  };

  void expire(MonoTime now);

  ReservationLimits limits_;
  std::vector<Held> held_;  // the oldest first
};

}  // namespace icebreaker::turn
