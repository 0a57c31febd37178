// What icebreaker-turn runs with when it is given no file, and --print-default-config prints.
#pragma once

#include <string_view>

namespace icebreaker::turn {

extern const std::string_view kDefaultConfig;

}  // namespace icebreaker::turn
