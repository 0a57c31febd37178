#include <span>

#include "common/service/command_line.hpp"
#include "common/service/common_config.hpp"
#include "common/service/lifecycle.hpp"
#include "stun/server/config.hpp"
#include "stun/server/default_config.hpp"
#include "stun/server/server.hpp"

namespace {

using namespace icebreaker;

// Only the log level can change while serving; a bad file leaves everything as it is.
void reload(const service::CommandLine& command_line, service::Log& log) {
  const service::Logger logger{log, "stun"};
  try {
    const auto file = service::open_config(command_line, stun::kDefaultConfig);
    const auto log_config = service::read_log_config(file.root());
    stun::read_config(file.root());
    file.finish();
    log.set_level(command_line.log_level.value_or(log_config.level));
    logger.info("reloaded the log level; everything else needs a restart");
  } catch (const service::ConfigError& error) {
    logger.error("reload refused, the old configuration stays", {{"error", error.what()}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  stun::ServerConfig config;
  const service::ServerMain server{
      .info = {"icebreaker-stun",
               "stun",
               "A STUN server (RFC 8489): tells clients their address.",
               {}},
      .default_config = stun::kDefaultConfig,
      .load = [&config](const service::ConfigSection& root,
                        const service::CommandLine&) { config = stun::read_config(root); },
      .serve =
          [&config](service::Log& log, const service::CommandLine& command_line) {
            service::Lifecycle lifecycle;
            return stun::serve(config, log, lifecycle, [&] { reload(command_line, log); });
          }};
  return service::run_server(server, std::span{argv, static_cast<std::size_t>(argc)});
}
