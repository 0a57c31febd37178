// Error codes of STUN (RFC 8489 §14.8), TURN (RFC 8656 §19) and ICE (RFC 8445 §16.2).
#pragma once

#include <cstdint>
#include <string_view>

namespace icebreaker::stun {

// 300 to 699; values outside the enumerators are legal and unknown.
enum class ErrorCode : std::uint16_t {
  TryAlternate = 300,
  BadRequest = 400,
  Unauthenticated = 401,
  Forbidden = 403,
  UnknownAttribute = 420,
  AllocationMismatch = 437,
  StaleNonce = 438,
  AddressFamilyNotSupported = 440,
  WrongCredentials = 441,
  UnsupportedTransportProtocol = 442,
  PeerAddressFamilyMismatch = 443,
  AllocationQuotaReached = 486,
  RoleConflict = 487,
  ServerError = 500,
  InsufficientCapacity = 508,
};

// The RFCs' wording; empty for codes outside the enumerators.
std::string_view reason_phrase(ErrorCode code);

}  // namespace icebreaker::stun
