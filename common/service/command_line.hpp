// The flags that all servers share, and the frame of their main(): configuration, log, exit status.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/service/config_file.hpp"
#include "common/service/log.hpp"

namespace icebreaker::service {

inline constexpr int kExitClean = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// Start-up cannot go on; the text is one line that says what to do.
class StartError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct CommandLine {
  std::optional<std::string> config_path;
  bool check_config = false;
  bool print_default_config = false;
  std::optional<LogLevel> log_level;  // overrides the configuration's
  std::vector<std::string> flags;     // of ProgramInfo::extra_flags, those that were given

  [[nodiscard]] bool has(std::string_view flag) const;
};

struct ExtraFlag {
  std::string name;  // "--insecure-anonymous"
  std::string help;
};

struct ProgramInfo {
  std::string name;         // "icebreaker-stun"
  std::string component;    // "stun", in log lines
  std::string description;  // one line of --help
  std::vector<ExtraFlag> extra_flags;
};

// The flags, or the exit status when the program is to end now (--help, --version, a usage error);
// what there is to say was printed.
std::variant<CommandLine, int> parse_command_line(const ProgramInfo& info,
                                                  std::span<const char* const> arguments);

struct ServerMain {
  ProgramInfo info;
  std::string_view default_config;
  // Reads everything but [log] from the file and may keep it; throws ConfigError.
  std::function<void(const ConfigSection& root, const CommandLine&)> load;
  // Serves until told to stop, and returns the exit status; throws StartError.
  std::function<int(Log&, const CommandLine&)> serve;
};

// The whole of a server's main(): flags → configuration → log → serve → exit status.
int run_server(const ServerMain& server, std::span<const char* const> arguments);

// The configuration a server was started with, read anew; for run_server() and for reloads.
ConfigFile open_config(const CommandLine& command_line, std::string_view default_config);

}  // namespace icebreaker::service
