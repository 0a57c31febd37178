// Operations as the words that lua/submit.lua reads.
#pragma once

#include <string>
#include <vector>

#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

// Appends number, letter and the operation's own words. `from`: the peer that does it.
void append_words(std::vector<std::string>& words, NumberedOperation operation, const PeerId& from);

}  // namespace icebreaker::signaling
