// How messages and values of log lines are written. Whatever a value holds, the result is printable
// and stays on its line.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/service/log.hpp"

namespace icebreaker::service {

// `message key=value …`; values with spaces, quotes, `=` or unprintable bytes stand in quotes.
std::string text_line(std::string_view message, std::span<const LogField> fields);

// The members `"message":…,"key":…` of a JSON object, without its braces.
std::string json_members(std::string_view message, std::span<const LogField> fields);

}  // namespace icebreaker::service
