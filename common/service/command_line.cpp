#include "common/service/command_line.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>

#include <CLI/CLI.hpp>

#include "common/service/common_config.hpp"
#include "common/service/descriptor_limit.hpp"
#include "common/service/lifecycle.hpp"

namespace icebreaker::service {
namespace {

constexpr const char* kBuiltInName = "built-in default";

void print_line(std::FILE* to, std::string_view text) {
  std::fprintf(to, "%.*s\n", static_cast<int>(text.size()), text.data());
}

int fail_usage(const ProgramInfo& info, const std::string& what) {
  print_line(stderr, info.name + ": " + what + " (see --help)");
  return kExitUsage;
}

// Whatever the configuration file says, these come from the flags.
LogConfig log_config_of(const ConfigSection& root, const CommandLine& command_line) {
  LogConfig log = read_log_config(root);
  if (command_line.log_level) log.level = *command_line.log_level;
  return log;
}

int serve(const ServerMain& server, const CommandLine& command_line, const LogConfig& config) {
  Log log{config.level, config.format};
  const Logger logger{log, server.info.component};
  raise_descriptor_limit();
  try {
    return server.serve(log, command_line);
  } catch (const std::exception& error) {
    logger.error(error.what());
    return kExitFailed;
  }
}

}  // namespace

bool CommandLine::has(std::string_view flag) const {
  return std::ranges::find(flags, flag) != flags.end();
}

std::variant<CommandLine, int> parse_command_line(const ProgramInfo& info,
                                                  std::span<const char* const> arguments) {
  CommandLine result;
  std::string log_level;
  std::string config_path;
  std::map<std::string, bool> extra;
  CLI::App app{info.description, info.name};
  app.set_version_flag("--version", info.name + " " + ICEBREAKER_VERSION);
  app.add_option("--config", config_path, "configuration file; without it the built-in default")
      ->type_name("FILE");
  app.add_flag("--check-config", result.check_config,
               "check the configuration and exit: 0 good, 2 bad");
  app.add_flag("--print-default-config", result.print_default_config,
               "print the built-in configuration and exit");
  app.add_option("--log-level", log_level, "debug, info, warn or error; overrides [log].level")
      ->type_name("L");
  for (const ExtraFlag& each : info.extra_flags) {
    app.add_flag(each.name, extra[each.name], each.help);
  }
  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return fail_usage(info, error.what());
  }
  if (app.count("--config") > 0) result.config_path = config_path;
  if (app.count("--log-level") > 0) {
    result.log_level = log_level_of(log_level);
    if (!result.log_level) {
      return fail_usage(info,
                        "--log-level: `" + log_level + "` is none of debug, info, warn, error");
    }
  }
  for (const auto& [name, given] : extra) {
    if (given) result.flags.push_back(name);
  }
  return result;
}

ConfigFile open_config(const CommandLine& command_line, std::string_view default_config) {
  if (command_line.config_path) return ConfigFile::open(*command_line.config_path);
  return ConfigFile::parse(kBuiltInName, default_config);
}

int run_server(const ServerMain& server, std::span<const char* const> arguments) {
  Lifecycle::hold_reloads();
  auto parsed = parse_command_line(server.info, arguments);
  if (const int* status = std::get_if<int>(&parsed)) return *status;
  const auto& command_line = std::get<CommandLine>(parsed);
  if (command_line.print_default_config) {
    std::fwrite(server.default_config.data(), 1, server.default_config.size(), stdout);
    return kExitClean;
  }
  LogConfig log_config;
  try {
    const ConfigFile file = open_config(command_line, server.default_config);
    log_config = log_config_of(file.root(), command_line);
    server.load(file.root(), command_line);
    file.finish();
    if (command_line.check_config) {
      print_line(stdout, file.name() + ": the configuration is good");
      return kExitClean;
    }
  } catch (const ConfigError& error) {
    print_line(stderr, error.what());
    return kExitUsage;
  }
  return serve(server, command_line, log_config);
}

}  // namespace icebreaker::service
