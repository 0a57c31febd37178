// The reserved relay ports of all workers together: a token may come in at any of them. Its lock is
// taken on the control path only, when relay sockets are opened.
#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include "turn/core/reservations.hpp"

namespace icebreaker::turn {

class SharedReservations final : public Reservations {
 public:
  std::optional<SocketAddress> find(MonoTime now, const ReservationToken& token,
                                    std::string_view user) override {
    const std::scoped_lock lock{mutex_};
    return ledger_.find(now, token, user);
  }

  Hold hold(MonoTime now, const Reservation& reservation) override {
    const std::scoped_lock lock{mutex_};
    return ledger_.hold(now, reservation);
  }

  bool is_held(MonoTime now, const SocketAddress& bound) override {
    const std::scoped_lock lock{mutex_};
    return ledger_.is_held(now, bound);
  }

  void release(const SocketAddress& bound) override {
    const std::scoped_lock lock{mutex_};
    ledger_.release(bound);
  }

 private:
  std::mutex mutex_;
  ReservationLedger ledger_;
};

}  // namespace icebreaker::turn
