// Access tokens as JSON Web Tokens (RFC 7519): the signature is checked here with a configured key
// and that key's algorithm only, the claims by signaling/core/access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/core/access.hpp"

namespace icebreaker::signaling {

enum class TokenAlgorithm : std::uint8_t { Hs256, Rs256, Es256 };

struct TokenKey {
  std::string id{};  // `kid`; empty: for tokens of any `kid`
  TokenAlgorithm algorithm = TokenAlgorithm::Hs256;
  std::string key{};  // HS256: the secret; else the public key in PEM form
  bool operator==(const TokenKey&) const = default;
};

struct TokenVerifierConfig {
  std::vector<TokenKey> keys{};
  ClaimRules rules{};
  bool operator==(const TokenVerifierConfig&) const = default;
};

inline constexpr std::size_t kMaxJwtBytes = 8192;

class JwtVerifier final : public TokenVerifier {
 public:
  explicit JwtVerifier(TokenVerifierConfig config) : config_{std::move(config)} {}

  [[nodiscard]] std::expected<Admission, TokenRefusal> verify(
      Now now, std::string_view token) const override;

  // Holds for what is verified from here on.
  void reconfigure(TokenVerifierConfig config) { config_ = std::move(config); }

 private:
  TokenVerifierConfig config_;
};

}  // namespace icebreaker::signaling
