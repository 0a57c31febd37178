#include "common/signaling_client/closure.hpp"

namespace icebreaker::signaling_client {
namespace {

using signaling::ErrorCode;

std::optional<CloseReason> reason_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::Superseded:
      return CloseReason::Superseded;
    case ErrorCode::SessionLost:
      return CloseReason::SessionLost;
    case ErrorCode::Unauthorized:
    case ErrorCode::Forbidden:
    case ErrorCode::OriginRefused:
    case ErrorCode::UnsupportedProtocol:
      return CloseReason::Refused;
    case ErrorCode::TooLarge:
      return CloseReason::TooLarge;
    case ErrorCode::BadMessage:
    case ErrorCode::UnknownType:
      return CloseReason::Bad;
    case ErrorCode::RateLimited:
    case ErrorCode::Unavailable:
      return CloseReason::Busy;
    default:
      return std::nullopt;
  }
}

CloseReason reason_of_close(std::uint16_t close_code) {
  switch (close_code) {
    case 1009:
      return CloseReason::TooLarge;
    case 1012:
      return CloseReason::Goaway;
    case 4400:
      return CloseReason::Bad;
    case 4401:
    case 4403:
      return CloseReason::Refused;
    case 4404:
      return CloseReason::SessionLost;
    case 4409:
      return CloseReason::Superseded;
    case 4429:
    case 4503:
      return CloseReason::Busy;
    default:
      return CloseReason::Network;
  }
}

CloseReason reason_of_status(std::uint16_t status) {
  switch (status) {
    case 400:
      return CloseReason::Bad;
    case 401:
    case 403:
      return CloseReason::Refused;
    case 404:
    case 410:
      return CloseReason::SessionLost;
    case 409:
      return CloseReason::Superseded;
    case 413:
      return CloseReason::TooLarge;
    case 429:
    case 503:
      return CloseReason::Busy;
    default:
      return CloseReason::Network;
  }
}

Closure closure_from(const std::optional<signaling::server::Error>& error, CloseReason fallback) {
  if (!error) return {fallback, std::nullopt, {}, std::nullopt};
  return {reason_of(error->code).value_or(fallback), error->code, error->message,
          error->retry_after};
}

}  // namespace

Closure closure_of_socket(std::uint16_t close_code,
                          const std::optional<signaling::server::Error>& error) {
  return closure_from(error, reason_of_close(close_code));
}

Closure closure_of_http(std::uint16_t status, const std::optional<signaling::server::Error>& error,
                        std::optional<std::chrono::milliseconds> retry_after) {
  Closure closure = closure_from(error, reason_of_status(status));
  if (!closure.retry_after) closure.retry_after = retry_after;
  return closure;
}

}  // namespace icebreaker::signaling_client
