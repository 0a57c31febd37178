// Finds raw text inside JSON that a parser has already accepted, so that opaque parts are passed on
// as they were written. Used by the codec only.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace icebreaker::signaling {

// Checked before parsing, on any text: no more than this many open brackets at once.
bool is_depth_within(std::string_view text, std::size_t max_depth);

// Value of a member of an object, by a key written without escapes; the last one of that name.
std::optional<std::string_view> raw_member(std::string_view object, std::string_view key);

std::vector<std::string_view> raw_elements(std::string_view array);

// Without the whitespace between tokens, so that it fits on one line.
std::string compacted(std::string_view text);

}  // namespace icebreaker::signaling
