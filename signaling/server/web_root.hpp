// Where the web client's files are.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace icebreaker::signaling {

// The configured folder; with "" the installed client, or the source tree's for a program that runs
// from its build directory; nothing with "off".
std::optional<std::filesystem::path> find_web_root(std::string_view configured);

}  // namespace icebreaker::signaling
