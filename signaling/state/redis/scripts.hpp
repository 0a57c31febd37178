// The Lua scripts of the Redis engine, embedded at build time from lua/*.lua: each is the prelude
// followed by one file. The enumerators and the files have the same names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace icebreaker::signaling {

enum class Script : std::uint8_t {
  Open,
  Resume,
  Attach,
  Fetch,
  Detach,
  Submit,
  Close,
  Charge,
  Beat,
  Reap,
  Probe,  // of the connection itself: a write that expires, and a message on the wake channel
};

constexpr std::size_t kScriptCount = 11;

// As in metrics and logs: "open", "resume", …
std::string_view name_of(Script script);

struct ScriptSource {
  Script script;
  std::string_view text;
};

// Every script that has a file.
std::span<const ScriptSource> script_sources();

}  // namespace icebreaker::signaling
