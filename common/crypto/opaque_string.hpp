// Preparation of usernames, realms and passwords before they become keys (RFC 8265 §4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace icebreaker::crypto {

// The OpaqueString profile without its Unicode tables: spaces other than U+0020 become U+0020;
// empty text, malformed UTF-8, control characters, noncharacters and invisible format characters
// are refused (nothing). Text is not normalised: what is not in NFC matches only itself.
std::optional<std::string> prepare_opaque_string(std::string_view text);

}  // namespace icebreaker::crypto
