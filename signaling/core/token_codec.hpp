// Resume tokens: a session's standing, signed, so that any instance can give a client its place
// back when the state engine has forgotten it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.hpp"
#include "signaling/core/grants.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

class TokenCodec {
 public:
  // The first secret signs, all verify; at least one.
  TokenCodec(std::vector<std::string> secrets, std::chrono::seconds lifetime);

  // URL-safe text. Grants have at most kMaxGrantsBytes.
  [[nodiscard]] std::string mint(Now now, const Standing& standing) const;
  // Nothing for what we did not sign and for what is older than the lifetime.
  [[nodiscard]] std::optional<Standing> verify(Now now, std::string_view token) const;

 private:
  std::vector<std::string> secrets_;
  std::chrono::seconds lifetime_;
};

}  // namespace icebreaker::signaling
