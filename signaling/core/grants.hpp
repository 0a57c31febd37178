// What a session may do, as its access token said. The state engine and resume tokens keep it as
// text, so that any instance can enforce it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/signaling/claims.hpp"

namespace icebreaker::signaling {

inline constexpr std::size_t kMaxGrantsBytes = 2048;  // as text

struct Grants {
  // Absent: no restriction by the token. Empty: none.
  std::optional<NamePatterns> rooms;
  std::optional<NamePatterns> match;
  std::optional<NamePatterns> watch;
  std::optional<std::uint32_t> capacity;
  bool operator==(const Grants&) const = default;
};

// Printable and never empty: an empty text is a session that no token made.
std::string to_text(const Grants& grants);
std::optional<Grants> parse_grants(std::string_view text);

// Whether one of the patterns is `name`, or its beginning and a `*`.
bool matches(const NamePatterns& patterns, std::string_view name);

}  // namespace icebreaker::signaling
