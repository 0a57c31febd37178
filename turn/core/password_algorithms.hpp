// Which algorithm makes a key of a password: what the server offers, and what a request chose of it
// (RFC 8489 §9.2.4).
#pragma once

#include <optional>
#include <string_view>

#include "common/stun/message.hpp"
#include "common/stun/stun_attributes.hpp"

namespace icebreaker::turn {

// In PASSWORD-ALGORITHMS of every challenge, the best first.
stun::PasswordAlgorithms::Value offered_algorithms();

struct AlgorithmChoice {
  // For clients that know of no algorithms.
  stun::PasswordAlgorithmNumber algorithm = stun::PasswordAlgorithmNumber::Md5;
  stun::AttributeType reply_integrity = stun::AttributeType::MessageIntegrity;
};

// Nothing: what was offered did not reach the client as it was sent, or the request asks for
// something else. 400 then.
std::optional<AlgorithmChoice> chosen_algorithm(const stun::MessageView& request,
                                                std::string_view nonce);

}  // namespace icebreaker::turn
