// icebreaker-turn's composition root.
#include <cstdlib>
#include <span>
#include <string_view>

#include "common/crypto/system_random.hpp"
#include "common/service/command_line.hpp"
#include "turn/server/default_config.hpp"
#include "turn/server/server.hpp"

namespace {

using namespace icebreaker;
using turn::ServerConfig;

constexpr const char* kSecretVariable = "ICEBREAKER_TURN_SECRET";
constexpr const char* kAnonymousFlag = "--insecure-anonymous";

std::string_view environment_secrets() {
  const char* value = std::getenv(kSecretVariable);
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

ServerConfig read_config_anew(const service::CommandLine& command_line) {
  const auto file = service::open_config(command_line, turn::kDefaultConfig);
  ServerConfig config = turn::read_config(file.root(), environment_secrets());
  const service::LogConfig log_config = service::read_log_config(file.root());
  file.finish();
  config.log_level = command_line.log_level.value_or(log_config.level);
  return config;
}

int serve(ServerConfig config, service::Log& log, const service::CommandLine& command_line) {
  if (command_line.has(kAnonymousFlag)) config.access = turn::Access::Anybody;
  if (config.access == turn::Access::Credentials && !turn::authenticates_somebody(config)) {
    throw service::StartError(
        "nobody could use this relay: set users or secrets in [auth], or the environment variable "
        "ICEBREAKER_TURN_SECRET; --insecure-anonymous lets everybody in, for labs");
  }
  service::Lifecycle lifecycle;
  crypto::SystemRandom random;
  turn::Server server{std::move(config), log, random};
  server.run(lifecycle, [&] { return read_config_anew(command_line); });
  return service::kExitClean;
}

}  // namespace

int main(int argc, char** argv) {
  ServerConfig config;
  const service::ServerMain program{
      .info = {.name = "icebreaker-turn",
               .component = "turn",
               .description = "Icebreaker's TURN relay",
               .extra_flags = {{.name = kAnonymousFlag,
                                .help = "relay for everybody without credentials; only for labs"}}},
      .default_config = turn::kDefaultConfig,
      .load =
          [&](const service::ConfigSection& root, const service::CommandLine&) {
            config = turn::read_config(root, environment_secrets());
          },
      .serve =
          [&](service::Log& log, const service::CommandLine& command_line) {
            return serve(config, log, command_line);
          }};
  return service::run_server(program, std::span{argv, static_cast<std::size_t>(argc)});
}
