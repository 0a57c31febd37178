#include "signaling/state/redis/scripts.hpp"

#include <array>

namespace icebreaker::signaling {

std::string_view name_of(Script script) {
  constexpr std::array<std::string_view, kScriptCount> kNames{
      "open",  "resume", "attach", "fetch", "detach", "submit",
      "close", "charge", "beat",   "reap",  "probe"};
  return kNames.at(static_cast<std::size_t>(script));
}

}  // namespace icebreaker::signaling
