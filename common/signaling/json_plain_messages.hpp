// What nearly all traffic is, decoded in one pass when it is written plainly (PlainJson). Nothing:
// ask the parser, which may take it or say what is wrong. Used by the codec, before the parser.
#pragma once

#include <optional>
#include <string_view>

#include "common/signaling/messages.hpp"

namespace icebreaker::signaling {

// A `signal` with everything that it needs.
std::optional<ClientEnvelope> read_plain_signal(std::string_view text);
// The frame of a POST; its messages are checked as JSON only.
std::optional<PostBody> read_plain_post(std::string_view body);

}  // namespace icebreaker::signaling
