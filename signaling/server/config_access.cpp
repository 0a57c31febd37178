#include "signaling/server/config_access.hpp"

#include <algorithm>
#include <limits>

#include "common/crypto/public_key.hpp"
#include "signaling/server/origin_policy.hpp"

namespace icebreaker::signaling {

namespace {

using service::ConfigSection;
using std::chrono::seconds;

// RFC 7518 §3.2: at least as long as the hash; §3.3: at least 2048 bits.
constexpr std::size_t kMinSecretBytes = 32;
constexpr unsigned kMinRsaBits = 2048;

std::string read_secret(const ConfigSection& section) {
  std::string secret = section.secret("secret").value_or("");
  if (section.has("public_key") || section.has("public_key_file")) {
    section.fail("algorithm", "HS256 has a `secret`; a public key goes with RS256 or ES256");
  }
  if (secret.starts_with("-----BEGIN")) {
    section.fail("secret", "is a key in PEM form, which others may know; HS256 needs a secret");
  }
  if (secret.size() < kMinSecretBytes) {
    section.fail("secret", "must have at least 32 bytes, such as from: openssl rand -hex 32");
  }
  return secret;
}

std::string read_public_key(const ConfigSection& section, TokenAlgorithm algorithm) {
  const char* const given = section.has("public_key_file") ? "public_key_file" : "public_key";
  if (section.has("secret") || section.has("secret_file")) {
    section.fail("algorithm", "RS256 and ES256 have a `public_key`; a secret goes with HS256");
  }
  const auto pem = section.secret("public_key");
  if (!pem) section.fail("public_key", "is missing: give public_key or public_key_file");
  const auto facts = crypto::inspect_public_key(*pem);
  if (!facts) section.fail(given, facts.error());
  if (algorithm == TokenAlgorithm::Es256 && facts->kind != crypto::KeyKind::EcP256) {
    section.fail(given, "ES256 needs an EC key on P-256 (prime256v1)");
  }
  if (algorithm == TokenAlgorithm::Rs256 &&
      (facts->kind != crypto::KeyKind::Rsa || facts->bits < kMinRsaBits)) {
    section.fail(given, "RS256 needs an RSA key of at least 2048 bits");
  }
  return *pem;
}

TokenKey read_key(const ConfigSection& section) {
  using enum TokenAlgorithm;
  static_cast<void>(section.required_text("algorithm"));
  TokenKey key{.id = section.text("id", ""),
               .algorithm = section.choice("algorithm", Hs256,
                                           {{"HS256", Hs256}, {"RS256", Rs256}, {"ES256", Es256}})};
  key.key = key.algorithm == Hs256 ? read_secret(section) : read_public_key(section, key.algorithm);
  return key;
}

void read_auth(const ConfigSection& root, SignalConfig& config) {
  const ConfigSection auth = root.section("auth");
  AccessConfig& access = config.hub.access;
  access.auth =
      auth.choice("mode", AuthMode::None, {{"none", AuthMode::None}, {"jwt", AuthMode::Token}});
  ClaimRules& rules = config.tokens.rules;
  rules.issuer = auth.text("issuer", "");
  rules.audience = auth.text("audience", "");
  rules.leeway = std::chrono::duration_cast<seconds>(
      auth.duration("leeway_s", rules.leeway, {.min = seconds{0}, .max = seconds{300}}));
  for (const ConfigSection& section : auth.sections("keys")) {
    config.tokens.keys.push_back(read_key(section));
  }
  if (access.auth == AuthMode::Token && config.tokens.keys.empty()) {
    auth.fail("mode", "\"jwt\" needs at least one [[auth.keys]]");
  }
  if (access.auth == AuthMode::None && !config.tokens.keys.empty()) {
    config.warnings.emplace_back("[[auth.keys]] are not used: auth.mode is \"none\"");
  }

  const ConfigSection rooms = root.section("rooms");
  access.room_names = rooms.choice("names", RoomNames::Free,
                                   {{"free", RoomNames::Free}, {"token", RoomNames::Token}});
  if (access.room_names == RoomNames::Token && access.auth == AuthMode::None) {
    rooms.fail("names", "\"token\" needs auth.mode = \"jwt\"");
  }
}

void read_origins(const ConfigSection& root, SignalConfig& config) {
  config.allowed_origins = root.texts("allowed_origins");
  for (const std::string& origin : config.allowed_origins) {
    if (!is_origin(origin)) {
      root.fail("allowed_origins",
                "`" + origin + "` is no origin: write \"https://example.org\" or \"*\"");
    }
  }
}

void read_rates(const ConfigSection& root, HubConfig& hub) {
  const ConfigSection limits = root.section("limits");
  constexpr std::uint32_t kMost = std::numeric_limits<std::int32_t>::max();
  constexpr std::uint32_t kSendersPerAddress = 10;
  const auto rate = [&limits](std::string_view key, std::uint32_t otherwise) {
    return static_cast<std::uint32_t>(limits.integer(key, otherwise, {.min = 0, .max = kMost}));
  };
  hub.opens_per_minute = rate("opens_per_minute", hub.opens_per_minute);
  // Who is let in may go on, unless there is more to say.
  hub.joins_per_minute = rate("joins_per_minute", hub.opens_per_minute);
  hub.matches_per_minute = rate("matches_per_minute", hub.opens_per_minute);
  hub.messages_per_second = rate("messages_per_second", hub.messages_per_second);
  hub.messages_per_second_per_address =
      rate("messages_per_second_per_address",
           std::min(hub.messages_per_second, kMost / kSendersPerAddress) * kSendersPerAddress);
}

}  // namespace

void read_access(const ConfigSection& root, SignalConfig& config) {
  read_origins(root, config);
  config.trusted_proxies = root.cidrs("trusted_proxies");
  read_auth(root, config);
  read_rates(root, config.hub);
}

}  // namespace icebreaker::signaling
