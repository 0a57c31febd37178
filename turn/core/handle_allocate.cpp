#include "common/stun/turn_attributes.hpp"
#include "turn/core/lifetime.hpp"
#include "turn/core/relay.hpp"
#include "turn/core/reply.hpp"

namespace icebreaker::turn {
namespace {

using stun::AttributeError;
using stun::ErrorCode;

std::expected<Family, ErrorCode> requested_family(const stun::MessageView& message) {
  const auto wire = message.get<stun::RequestedAddressFamily>();
  if (!wire && wire.error() == AttributeError::Absent) return Family::V4;
  if (!wire) return std::unexpected(ErrorCode::BadRequest);
  const auto family = stun::family_of(*wire);
  if (!family) return std::unexpected(ErrorCode::AddressFamilyNotSupported);
  return *family;
}

std::expected<PortParity, ErrorCode> requested_parity(const stun::MessageView& message) {
  const auto even_port = message.get<stun::EvenPort>();
  if (!even_port && even_port.error() == AttributeError::Absent) return PortParity::Any;
  if (!even_port) return std::unexpected(ErrorCode::BadRequest);
  // RFC 8656 §7.2: a server that cannot hold the next port back says 508.
  if (*even_port == stun::PortReservation::EvenAndNext) {
    return std::unexpected(ErrorCode::InsufficientCapacity);
  }
  return PortParity::Even;
}

std::expected<void, ErrorCode> check_transport(const stun::MessageView& message) {
  const auto protocol = message.get<stun::RequestedTransport>();
  if (!protocol) return std::unexpected(ErrorCode::BadRequest);
  if (*protocol != stun::TransportProtocol::Udp) {
    return std::unexpected(ErrorCode::UnsupportedTransportProtocol);
  }
  return {};
}

std::expected<void, ErrorCode> check_reservation(const stun::MessageView& message) {
  if (!message.has<stun::ReservationToken>()) return {};
  if (message.has<stun::EvenPort>() || message.has<stun::RequestedAddressFamily>()) {
    return std::unexpected(ErrorCode::BadRequest);
  }
  // We never hand out tokens, so this one is not valid.
  return std::unexpected(ErrorCode::InsufficientCapacity);
}

ErrorCode code_of(QuotaRefusal refusal) {
  return refusal == QuotaRefusal::ServerLimit ? ErrorCode::InsufficientCapacity
                                              : ErrorCode::AllocationQuotaReached;
}

effect::Reply allocated_reply(const Allocation& allocation) {
  return success_reply(allocation.asked_by, [&](stun::MessageBuilder& reply) {
    reply.add<stun::XorRelayedAddress>(allocation.relayed);
    reply.add<stun::Lifetime>(allocation.granted_lifetime);
    reply.add<stun::XorMappedAddress>(allocation.client.client.value);
  });
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
  if (const auto fine = check_transport(message); !fine) return refuse(fine.error());
  if (const auto fine = check_reservation(message); !fine) return refuse(fine.error());
  const auto family = requested_family(message);
  if (!family) return refuse(family.error());
  const RelayInterface* relay_interface = interface_of(*family);
  if (relay_interface == nullptr) return refuse(ErrorCode::AddressFamilyNotSupported);
  const auto parity = requested_parity(message);
  if (!parity) return refuse(parity.error());
  const auto lifetime = granted_lifetime(message);
  if (!lifetime) return refuse(lifetime.error());
  // Its time is over, but nothing has come by to end it.
  if (const Allocation* expired = table_.find(request.from())) {
    end(*expired, EndReason::Expired, now, out);
  }
  const QuotaHolder holder{request.quota_user(), request.from().client.value.ip};
  if (const auto refusal = quota_.acquire(holder)) {
    return Outcome{std::unexpected(Refusal{.code = code_of(*refusal), .quota = *refusal})};
  }

  const Allocation& allocation = table_.insert({
      .id = {},
      .client = request.from(),
      .username = std::string{request.username()},
      .quota_user = std::string{request.quota_user()},
      .family = *family,
      .asked_by = request.reply_to(),
      .granted_lifetime = *lifetime,
      .created_at = now.mono,
      .expires_at = now.mono + *lifetime,
  });
  schedule(allocation);
  out.emplace_back(effect::OpenRelay{allocation.id, relay_interface->bound, *parity});
  return Outcome{};  // the success response waits for on_relay_opened()
}

void Relay::on_relay_opened(Now now, RelayId relay, std::uint16_t port, Effects& out) {
  Allocation* allocation = table_.find(relay);
  if (allocation == nullptr || allocation->state != AllocationState::Opening) {
    out.emplace_back(effect::CloseRelay{relay});
    return;
  }
  allocation->state = AllocationState::Ready;
  allocation->relayed = RelayAddress{{interface_of(allocation->family)->external, port}};
  allocation->expires_at = now.mono + allocation->granted_lifetime;
  schedule(*allocation);
  out.emplace_back(allocated_reply(*allocation));
}

void Relay::on_relay_failed(RelayId relay, Effects& out) {
  const Allocation* allocation = table_.find(relay);
  if (allocation == nullptr || allocation->state != AllocationState::Opening) return;
  out.emplace_back(error_reply(allocation->asked_by, ErrorCode::InsufficientCapacity));
  forget(*allocation);
}

}  // namespace icebreaker::turn
