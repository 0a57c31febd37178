#include "common/crypto/turn_rest.hpp"

#include <chrono>
#include <cstdint>

#include "common/base/parse_number.hpp"
#include "common/crypto/base64.hpp"
#include "common/crypto/hmac.hpp"

namespace icebreaker::crypto {
namespace {

using std::chrono::seconds;

WallTime wall_time(std::uint64_t seconds_since_1970) {
  constexpr auto kMax = std::chrono::floor<seconds>(WallTime::max()).time_since_epoch();
  if (seconds_since_1970 >= static_cast<std::uint64_t>(kMax.count())) return WallTime::max();
  return WallTime{seconds{seconds_since_1970}};
}

}  // namespace

TurnRestCredentials mint_turn_rest_credentials(std::string_view secret, std::string_view id,
                                               WallTime expires_at) {
  const auto expiry = std::chrono::floor<seconds>(expires_at).time_since_epoch().count();
  std::string username = std::to_string(expiry).append(1, ':').append(id);
  std::string password = turn_rest_password(secret, username);
  return {std::move(username), std::move(password)};
}

std::string turn_rest_password(std::string_view secret, std::string_view username) {
  return base64_encode(hmac_sha1(bytes_of(secret), bytes_of(username)));
}

std::optional<TurnRestUsername> parse_turn_rest_username(std::string_view username) {
  const std::size_t colon = username.find(':');
  const auto expiry = parse_number<std::uint64_t>(username.substr(0, colon));
  if (!expiry) return std::nullopt;
  const bool has_id = colon != std::string_view::npos;
  return TurnRestUsername{wall_time(*expiry), has_id ? username.substr(colon + 1) : ""};
}

}  // namespace icebreaker::crypto
