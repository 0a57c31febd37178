#include "turn/core/allocate_request.hpp"

#include "turn/core/lifetime.hpp"

namespace icebreaker::turn {
namespace {

using stun::AttributeError;
using stun::ErrorCode;

using Checked = std::expected<void, ErrorCode>;

// The value, nothing when it is absent, 400 when it is malformed.
template <class A>
std::expected<std::optional<typename A::Value>, ErrorCode> optional_of(
    const stun::MessageView& message) {
  const auto value = message.get<A>();
  if (value) return *value;
  if (value.error() == AttributeError::Absent) return std::nullopt;
  return std::unexpected(ErrorCode::BadRequest);
}

// What coturn's client up to 4.7.0 sends, from before RFC 8656 gave the attribute its number.
// 0x8032 is registered to nobody and [MS-TURN] means something else by it, so whatever is not a
// plain wish for IPv6 is an attribute that we do not know.
struct EarlyAdditionalAddressFamily
    : stun::AddressFamilyAttribute<stun::AttributeType{std::uint16_t{0x8032}}> {};

std::expected<std::optional<stun::AddressFamily>, ErrorCode> additional_family(
    const stun::MessageView& message) {
  if (message.has<stun::AdditionalAddressFamily>()) {
    return optional_of<stun::AdditionalAddressFamily>(message);
  }
  const auto early = message.get<EarlyAdditionalAddressFamily>();
  if (early && *early == stun::AddressFamily::V6) return *early;
  return std::nullopt;
}

Checked check_transport(const stun::MessageView& message) {
  const auto protocol = message.get<stun::RequestedTransport>();
  if (!protocol) return std::unexpected(ErrorCode::BadRequest);
  if (*protocol != stun::TransportProtocol::Udp) {
    return std::unexpected(ErrorCode::UnsupportedTransportProtocol);
  }
  return {};
}

Checked read_token(const stun::MessageView& message, AllocateRequest& request) {
  const auto token = optional_of<stun::ReservationToken>(message);
  if (!token) return std::unexpected(token.error());
  request.token = *token;
  if (request.token &&
      (message.has<stun::EvenPort>() || message.has<stun::RequestedAddressFamily>() ||
       message.has<stun::AdditionalAddressFamily>())) {
    return std::unexpected(ErrorCode::BadRequest);
  }
  return {};
}

Checked read_families(const stun::MessageView& message, AllocateRequest& request) {
  const auto requested = optional_of<stun::RequestedAddressFamily>(message);
  if (!requested) return std::unexpected(requested.error());
  const auto additional = additional_family(message);
  if (!additional) return std::unexpected(additional.error());
  if (*additional && (*requested || request.token)) {
    return std::unexpected(ErrorCode::BadRequest);
  }
  if (*requested) {
    const auto family = stun::family_of(**requested);
    if (!family) return std::unexpected(ErrorCode::AddressFamilyNotSupported);
    request.family = *family;
  }
  if (*additional) {
    request.additional = stun::family_of(**additional);
    if (!request.additional) return std::unexpected(ErrorCode::AddressFamilyNotSupported);
    if (request.additional == Family::V4) return std::unexpected(ErrorCode::BadRequest);
  }
  return {};
}

Checked read_port(const stun::MessageView& message, AllocateRequest& request) {
  const auto even_port = optional_of<stun::EvenPort>(message);
  if (!even_port) return std::unexpected(even_port.error());
  if (!*even_port) return {};
  request.parity = PortParity::Even;
  request.reserves_next_port = **even_port == stun::PortReservation::EvenAndNext;
  if (request.reserves_next_port && request.additional) {
    return std::unexpected(ErrorCode::BadRequest);
  }
  return {};
}

}  // namespace

std::expected<AllocateRequest, ErrorCode> parse_allocate_request(const stun::MessageView& message) {
  AllocateRequest request;
  if (const auto fine = check_transport(message); !fine) return std::unexpected(fine.error());
  for (const auto read : {read_token, read_families, read_port}) {
    if (const auto fine = read(message, request); !fine) return std::unexpected(fine.error());
  }
  const auto lifetime = granted_lifetime(message);
  if (!lifetime) return std::unexpected(lifetime.error());
  request.lifetime = *lifetime;
  return request;
}

}  // namespace icebreaker::turn
