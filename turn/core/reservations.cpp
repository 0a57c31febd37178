#include "turn/core/reservations.hpp"

#include <algorithm>

namespace icebreaker::turn {

std::optional<SocketAddress> ReservationLedger::find(MonoTime now, const ReservationToken& token,
                                                     std::string_view user) {
  expire(now);
  const auto found = std::ranges::find_if(held_, [&](const Held& each) {
    return each.reservation.token == token && each.reservation.user == user;
  });
  if (found == held_.end()) return std::nullopt;
  return found->reservation.bound;
}

Hold ReservationLedger::hold(MonoTime now, const Reservation& reservation) {
  if (is_held(now, reservation.bound)) return Hold::PortHeld;
  const auto of_user = std::ranges::count_if(
      held_, [&](const Held& each) { return each.reservation.user == reservation.user; });
  if (held_.size() >= limits_.total || static_cast<std::size_t>(of_user) >= limits_.per_user) {
    return Hold::TooMany;
  }
  held_.push_back({reservation, now + kReservationLifetime});
  return Hold::Granted;
}

bool ReservationLedger::is_held(MonoTime now, const SocketAddress& bound) {
  expire(now);
  return std::ranges::any_of(held_,
                             [&](const Held& each) { return each.reservation.bound == bound; });
}

void ReservationLedger::release(const SocketAddress& bound) {
  std::erase_if(held_, [&](const Held& each) { return each.reservation.bound == bound; });
}

void ReservationLedger::expire(MonoTime now) {
  std::erase_if(held_, [&](const Held& each) { return each.expires_at <= now; });
}

}  // namespace icebreaker::turn
