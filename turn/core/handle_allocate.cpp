#include "common/stun/turn_attributes.hpp"
#include "turn/core/allocate_request.hpp"
#include "turn/core/relay.hpp"
#include "turn/core/reply.hpp"

namespace icebreaker::turn {
namespace {

using stun::ErrorCode;

ErrorCode code_of(QuotaRefusal refusal) {
  return refusal == QuotaRefusal::ServerLimit ? ErrorCode::InsufficientCapacity
                                              : ErrorCode::AllocationQuotaReached;
}

effect::Reply allocated_reply(const Allocation& allocation) {
  return success_reply(allocation.asked_by, [&](stun::MessageBuilder& reply) {
    for (const Family family : kFamilies) {
      const FamilyRelay& relay = allocation.relays.of(family);
      if (relay.state == RelayState::Open) reply.add<stun::XorRelayedAddress>(relay.relayed);
    }
    for (const Family family : kFamilies) {
      const ErrorCode code = allocation.relays.of(family).refused;
      if (code == ErrorCode{}) continue;
      reply.add<stun::AddressErrorCode>(
          {stun::address_family_of(family), code, stun::reason_phrase(code)});
    }
    reply.add<stun::Lifetime>(allocation.granted_lifetime);
    if (allocation.reserved_next) reply.add<stun::ReservationToken>(*allocation.reserved_next);
    reply.add<stun::XorMappedAddress>(allocation.client.client.value);
  });
}

ErrorCode drain_code(const AlternateServers& alternates, const FiveTuple& from) {
  // RFC 8489 §14.15: an alternate is of the family that the request came from.
  const auto& alternate = from.client.value.ip.is_v4() ? alternates.v4 : alternates.v6;
  return alternate ? ErrorCode::TryAlternate : ErrorCode::InsufficientCapacity;
}

}  // namespace

// RFC 8656 §7.2, in its order. Nothing when the answer is on its way already.
std::optional<Relay::Outcome> Relay::handle_allocate(Now now, const AuthenticatedRequest& request,
                                                     Effects& out) {
  const auto refuse = [](ErrorCode code) { return Outcome{std::unexpected(Refusal{code})}; };
  const stun::MessageView& message = request.message();
  if (const Allocation* existing = live_allocation(request.from(), now.mono)) {
    const bool retransmitted = existing->asked_by.transaction == message.transaction_id() &&
                               existing->username == request.username();
    if (!retransmitted) return refuse(ErrorCode::AllocationMismatch);
    if (existing->state == AllocationState::Opening) return std::nullopt;
    out.emplace_back(allocated_reply(*existing));
    return Outcome{};
  }
  auto wanted = parse_allocate_request(message);
  if (!wanted) return refuse(wanted.error());
  std::uint16_t held_port = 0;
  if (wanted->token) {
    const auto reserved = reserved_address(now, request, *wanted->token);
    if (!reserved) return refuse(reserved.error());
    held_port = reserved->port;
    wanted->family = reserved->ip.family();
  }
  // For a dual allocation too: step 7 comes before step 9.
  if (interface_of(wanted->family) == nullptr) return refuse(ErrorCode::AddressFamilyNotSupported);
  if (drain_) return refuse(drain_code(*drain_, request.from()));
  // Its time is over, but nothing has come by to end it.
  if (Allocation* expired = table_.find(request.from())) {
    end(*expired, EndReason::Expired, now, out);
  }
  const QuotaHolder holder{request.quota_user(), request.from().client.value.ip};
  if (const auto refusal = quota_.acquire(holder)) {
    return Outcome{std::unexpected(Refusal{.code = code_of(*refusal), .quota = refusal})};
  }

  Allocation& allocation = table_.insert({
      .id = {},
      .client = request.from(),
      .username = std::string{request.username()},
      .quota_user = std::string{request.quota_user()},
      .asked_by = request.reply_to(),
      .granted_lifetime = wanted->lifetime,
      .created_at = now.mono,
      .expires_at = now.mono + wanted->lifetime,
  });
  share_bandwidth(allocation);
  open_relays(allocation, *wanted, held_port, out);
  schedule(allocation);
  return Outcome{};  // the success response waits for on_relay_opened()
}

std::expected<SocketAddress, ErrorCode> Relay::reserved_address(Now now,
                                                                const AuthenticatedRequest& request,
                                                                const ReservationToken& token) {
  const auto bound = reservations_.find(now.mono, token, request.quota_user());
  // After a reload the interface may be another one.
  const RelayInterface* own = bound ? interface_of(bound->ip.family()) : nullptr;
  if (own == nullptr || own->bound != bound->ip) {
    return std::unexpected(ErrorCode::InsufficientCapacity);
  }
  return *bound;
}

void Relay::open_relays(Allocation& allocation, const AllocateRequest& wanted,
                        std::uint16_t held_port, Effects& out) {
  if (wanted.reserves_next_port) {
    random_.fill(allocation.reserved_next.emplace());
  }
  const auto open = [&](Family family) {
    FamilyRelay& relay = allocation.relays.of(family);
    const RelayInterface* own = interface_of(family);
    if (own == nullptr) {
      relay.refused = ErrorCode::AddressFamilyNotSupported;
      return;
    }
    relay.state = RelayState::Opening;
    relay.expires_at = allocation.expires_at;
    out.emplace_back(effect::OpenRelay{.relay = allocation.id,
                                       .address = own->bound,
                                       .parity = wanted.parity,
                                       .held_port = held_port,
                                       .keep_next = allocation.reserved_next,
                                       .user = allocation.quota_user});
  };
  open(wanted.family);
  if (wanted.additional) open(*wanted.additional);
}

void Relay::on_relay_opened(Now now, RelayId relay, const SocketAddress& bound, Effects& out) {
  const Family family = bound.ip.family();
  Allocation* allocation = table_.find(relay);
  if (allocation == nullptr || allocation->relays.of(family).state != RelayState::Opening) {
    out.emplace_back(effect::CloseRelay{relay, family});
    return;
  }
  FamilyRelay& opened = allocation->relays.of(family);
  opened.state = RelayState::Open;
  opened.relayed = RelayAddress{{interface_of(family)->external, bound.port}};
  answer_when_opened(now, *allocation, out);
}

void Relay::on_relay_failed(Now now, RelayId relay, Family family, Effects& out) {
  Allocation* allocation = table_.find(relay);
  if (allocation == nullptr || allocation->relays.of(family).state != RelayState::Opening) return;
  FamilyRelay& failed = allocation->relays.of(family);
  failed.state = RelayState::Absent;
  failed.refused = ErrorCode::InsufficientCapacity;
  answer_when_opened(now, *allocation, out);
}

// RFC 8656 §7.2, step 9: one family of the two is a success.
void Relay::answer_when_opened(Now now, Allocation& allocation, Effects& out) {
  if (allocation.relays.has(RelayState::Opening)) return;
  if (!allocation.relays.has(RelayState::Open)) {
    out.emplace_back(error_reply(allocation.asked_by, ErrorCode::InsufficientCapacity));
    forget(allocation);
    return;
  }
  allocation.state = AllocationState::Ready;
  ++allocations_made_;
  allocation.expires_at = now.mono + allocation.granted_lifetime;
  for (const Family family : kFamilies) {
    allocation.relays.of(family).expires_at = allocation.expires_at;
  }
  schedule(allocation);
  out.emplace_back(allocated_reply(allocation));
}

}  // namespace icebreaker::turn
