#include "common/stun/error_code.hpp"

namespace icebreaker::stun {

std::string_view reason_phrase(ErrorCode code) {
  using enum ErrorCode;
  switch (code) {
    case TryAlternate:
      return "Try Alternate";
    case BadRequest:
      return "Bad Request";
    case Unauthenticated:
      return "Unauthenticated";
    case Forbidden:
      return "Forbidden";
    case UnknownAttribute:
      return "Unknown Attribute";
    case AllocationMismatch:
      return "Allocation Mismatch";
    case StaleNonce:
      return "Stale Nonce";
    case AddressFamilyNotSupported:
      return "Address Family not Supported";
    case WrongCredentials:
      return "Wrong Credentials";
    case UnsupportedTransportProtocol:
      return "Unsupported Transport Protocol";
    case PeerAddressFamilyMismatch:
      return "Peer Address Family Mismatch";
    case AllocationQuotaReached:
      return "Allocation Quota Reached";
    case RoleConflict:
      return "Role Conflict";
    case ServerError:
      return "Server Error";
    case InsufficientCapacity:
      return "Insufficient Capacity";
  }
  return {};
}

}  // namespace icebreaker::stun
