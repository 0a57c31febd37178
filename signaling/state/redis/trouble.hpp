// What can be wrong with Redis: how it shows, what the link does about it, what an operator reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace icebreaker::signaling {

enum class Trouble : std::uint8_t {
  Unreachable,  // no connection
  Lost,         // the connection ended
  Silent,       // commands without answers
  WakeSilent,   // the self-probe's messages do not come back
  Loading,
  ReadOnly,
  MasterDown,
  ClusterDown,
  OutOfMemory,
  CannotSave,  // MISCONF
  NoReplicas,
  Busy,
  MaxClients,
  NoAuth,
  WrongPassword,
  NoPermission,
  NoScript,
  TooOld,
  ClusterMode,
  BadScript,  // a script that does not compile, or fails
  Overload,   // too many calls wait for answers
  Other,
};

constexpr std::size_t kTroubleCount = 22;

// As in metrics: "unreachable", "lost", …
std::string_view name_of(Trouble trouble);

// From the text of an error reply, such as `NOAUTH Authentication required.` Redis before 7 hides
// the code of an error inside a script in the middle of the text.
Trouble trouble_of(std::string_view error);

// Another connection may help: Redis failed over, restarts, or changed its mind about us.
bool calls_for_reconnect(Trouble trouble);

// Only a person can help, so trying again is not urgent.
bool needs_an_operator(Trouble trouble);

// One sentence: what is wrong and what to do. `detail`: the error's text, may be empty.
std::string words_of(Trouble trouble, std::string_view detail);

}  // namespace icebreaker::signaling
