#include "signaling/state/redis/trouble.hpp"

#include <array>

namespace icebreaker::signaling {
namespace {

enum class Remedy : std::uint8_t { Wait, Reconnect, Operator };

struct Row {
  std::string_view name;
  std::string_view code;  // the first word of the error reply
  Remedy remedy;
  std::string_view words;
};

using enum Remedy;

// In the order of Trouble.
constexpr std::array<Row, kTroubleCount> kRows{{
    {"unreachable", "", Reconnect, "cannot be reached"},
    {"lost", "", Reconnect, "ended the connection"},
    {"silent", "", Reconnect, "does not answer"},
    {"wake_silent", "", Reconnect,
     "runs scripts, but its pub/sub messages do not come back: is it one server behind this "
     "address, and may this user use the channels ib:*?"},
    {"loading", "LOADING", Reconnect, "is still loading its data"},
    {"read_only", "READONLY", Reconnect,
     "is a replica or takes no writes: give the address of the primary (after a fail-over the name "
     "must lead to the new one)"},
    {"master_down", "MASTERDOWN", Reconnect, "is a replica that lost its primary"},
    {"cluster_down", "CLUSTERDOWN", Reconnect, "is a cluster that is down"},
    {"out_of_memory", "OOM", Wait, "is out of memory: raise its maxmemory"},
    {"cannot_save", "MISCONF", Wait,
     "refuses writes because it cannot save to disk: look at its log and its disk"},
    {"no_replicas", "NOREPLICAS", Wait, "refuses writes because too few replicas follow it"},
    {"busy", "BUSY", Wait, "is busy with somebody's long script"},
    {"max_clients", "", Reconnect, "has as many clients as it takes: raise its maxclients"},
    {"no_auth", "NOAUTH", Operator,
     "wants a password: write redis://:password@host… or set state_file"},
    {"wrong_password", "WRONGPASS", Operator, "refuses this user or password"},
    {"no_permission", "NOPERM", Operator,
     "does not let this user do what is needed: allow INFO, SELECT, SCRIPT, EVALSHA and PUBLISH, "
     "SUBSCRIBE, the commands of the scripts, keys ib:* and channels ib:*"},
    {"no_script", "NOSCRIPT", Wait, "has lost its scripts"},
    {"too_old", "", Operator, "is too old: Redis 6.2 or newer or Valkey is needed"},
    {"cluster_mode", "", Operator,
     "runs in cluster mode, which is not supported: use a single server or a primary with "
     "replicas"},
    {"bad_script", "", Operator, "cannot run a script of this version"},
    {"overload", "", Wait, "answers too slowly: too many calls are waiting"},
    {"other", "", Wait, "answered with an error"},
}};

const Row& row_of(Trouble trouble) {
  return kRows.at(static_cast<std::size_t>(trouble));
}

// `…: -READONLY You can't write…`: a code inside a text stands behind a dash.
bool has_code(std::string_view error, std::string_view code) {
  if (error.starts_with(code)) {
    return error.size() == code.size() || error[code.size()] == ' ';
  }
  const std::size_t at = error.find(code);
  return error.starts_with("ERR ") && at != std::string_view::npos && error[at - 1] == '-';
}

}  // namespace

std::string_view name_of(Trouble trouble) {
  return row_of(trouble).name;
}

Trouble trouble_of(std::string_view error) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (!kRows.at(i).code.empty() && has_code(error, kRows.at(i).code)) {
      return static_cast<Trouble>(i);
    }
  }
  if (error.find("max number of clients") != std::string_view::npos) return Trouble::MaxClients;
  if (error.starts_with("ERR AUTH ")) return Trouble::WrongPassword;  // there is none to give
  if (error.find("script") != std::string_view::npos) return Trouble::BadScript;
  return Trouble::Other;
}

bool calls_for_reconnect(Trouble trouble) {
  return row_of(trouble).remedy != Remedy::Wait && trouble != Trouble::BadScript;
}

bool needs_an_operator(Trouble trouble) {
  return row_of(trouble).remedy == Remedy::Operator;
}

std::string words_of(Trouble trouble, std::string_view detail) {
  std::string words{row_of(trouble).words};
  if (!detail.empty()) words.append(" (").append(detail).append(")");
  return words;
}

}  // namespace icebreaker::signaling
