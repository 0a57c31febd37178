#include <cmath>
#include <utility>

#include "common/signaling/claims.hpp"
#include "common/signaling/json_fields.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::size_t kMaxAudiences = 64;

// RFC 7519 §2: a NumericDate may have a fraction.
std::optional<std::int64_t> date(JsonFields& in, const char* key) {
  const Json* value = in.find(key);
  if (value == nullptr) return std::nullopt;
  const double seconds = value->is_number() ? value->get<double>() : -1;
  if (!(seconds >= 0 && seconds <= static_cast<double>(kMaxWireInteger))) {
    in.fail(key, "must be a number of seconds since 1970");
    return std::nullopt;
  }
  return static_cast<std::int64_t>(std::floor(seconds));
}

// RFC 7519 §4.1.3: one text or an array of them.
std::vector<std::string> audience(JsonFields& in) {
  const Json* value = in.find("aud");
  if (value == nullptr) return {};
  const Json list = value->is_string() ? Json::array({*value}) : *value;
  std::vector<std::string> texts;
  if (!list.is_array() || list.empty() || list.size() > kMaxAudiences) {
    return in.fail("aud", "must be a text or 1 to 64 of them"), texts;
  }
  for (const Json& each : list) {
    if (!each.is_string()) return in.fail("aud", "must hold texts only"), texts;
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

std::optional<NamePatterns> patterns(JsonFields& in, const char* key) {
  const Json* value = in.find(key);
  if (value == nullptr) return std::nullopt;
  NamePatterns patterns;
  if (!value->is_array() || value->size() > kMaxNamePatterns) {
    in.fail(key, "must be an array of at most 64 names; a trailing * stands for any ending");
    return std::nullopt;
  }
  for (const Json& each : *value) {
    if (!each.is_string() || !is_valid_pattern(each.get_ref<const std::string&>())) {
      in.fail(key, "must hold names of A-Z a-z 0-9 . _ - that may end in *");
      return std::nullopt;
    }
    patterns.push_back(each.get<std::string>());
  }
  return patterns;
}

// A subject may be anything to who issues tokens, such as a mail address; then it names no user.
std::string user_of(JsonFields& in) {
  if (in.find("user") != nullptr) return in.name("user", Need::Optional);
  const Json* subject = in.find("sub");
  if (subject == nullptr || !subject->is_string()) return {};
  const auto& name = subject->get_ref<const std::string&>();
  return is_valid_name(name) ? name : std::string{};
}

}  // namespace

bool is_valid_pattern(std::string_view pattern) {
  if (pattern == "*") return true;
  if (pattern.ends_with('*')) pattern.remove_suffix(1);
  return is_valid_name(pattern);
}

std::expected<TokenClaims, std::string> decode_claims(std::string_view json) {
  const auto parsed = parse_json(json);
  if (!parsed || !parsed->is_object()) {
    return std::unexpected("its claims are no JSON object, or nested too deeply");
  }
  // NOLINTNEXTLINE(misc-const-correctness): reading a field changes it.
  JsonFields in{*parsed};
  TokenClaims claims;
  claims.expires_at = date(in, "exp");
  claims.not_before = date(in, "nbf");
  claims.issued_at = date(in, "iat");
  claims.issuer = in.text("iss", Need::Optional, kMaxTextBytes);
  claims.audience = audience(in);
  claims.user = user_of(in);
  claims.rooms = patterns(in, "rooms");
  claims.match = patterns(in, "match");
  claims.watch = patterns(in, "watch");
  if (const auto capacity =
          in.integer("capacity", Need::Optional, 1, std::numeric_limits<std::uint32_t>::max())) {
    claims.capacity = static_cast<std::uint32_t>(*capacity);
  }
  if (in.failed()) return std::unexpected(in.problem());
  return claims;
}

}  // namespace icebreaker::signaling
