// icebreaker-signal: the only place of this server that makes a clock, randomness, state and a
// loop.
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <uv.h>

#include "common/crypto/system_random.hpp"
#include "common/net/read_clocks.hpp"
#include "common/net/uv_handles.hpp"
#include "common/service/command_line.hpp"
#include "common/service/descriptor_limit.hpp"
#include "common/service/lifecycle.hpp"
#include "signaling/server/config.hpp"
#include "signaling/server/signal_service.hpp"
#include "signaling/state/memory_state.hpp"
#include "signaling/state/redis/hiredis_link.hpp"
#include "signaling/state/redis/redis_state.hpp"

namespace {

using namespace icebreaker;
using namespace icebreaker::signaling;

class UvLoop {
 public:
  UvLoop() { uv_loop_init(&loop_); }

  UvLoop(const UvLoop&) = delete;
  UvLoop& operator=(const UvLoop&) = delete;
  UvLoop(UvLoop&&) = delete;
  UvLoop& operator=(UvLoop&&) = delete;

  ~UvLoop() {
    uv_run(&loop_, UV_RUN_DEFAULT);  // handles that are closing
    uv_loop_close(&loop_);
  }

  uv_loop_t* get() { return &loop_; }

 private:
  uv_loop_t loop_{};
};

struct Engine {
  std::unique_ptr<HiredisLink> link;  // none: in memory
  std::unique_ptr<State> state;
  std::string name;  // for the log
};

RedisNoticeSink notices_to(service::Log& log) {
  return [logger = service::Logger{log, "redis"}](const RedisNotice& notice) {
    switch (notice.level) {
      case RedisNotice::Level::Info:
        return logger.info(notice.text);
      case RedisNotice::Level::Warn:
        return logger.warn(notice.text);
      case RedisNotice::Level::Error:
        return logger.error(notice.text);
    }
  };
}

Engine make_engine(const SignalConfig& config, uv_loop_t* loop, RandomSource& random,
                   service::Log& log) {
  if (!config.redis) {
    return {.link = nullptr,
            .state = std::make_unique<MemoryState>(config.state, random),
            .name = "memory"};
  }
  auto link = std::make_unique<HiredisLink>(
      RedisLinkConfig{.url = *config.redis, .instance = config.instance},
      HiredisLink::Parts{
          .loop = loop, .random = random, .clock = net::read_clocks, .notify = notices_to(log)});
  auto state = std::make_unique<RedisState>(config.state, random, *link, notices_to(log));
  return {.link = std::move(link), .state = std::move(state), .name = to_text(*config.redis)};
}

// What the last connections left behind, such as the ends of their receives, reaches Redis.
void finish_calls(const HiredisLink& link, uv_loop_t* loop) {
  bool late = false;
  net::UvTimer limit;
  limit.start(loop, [&late] { late = true; });
  limit.set(std::chrono::milliseconds{500});
  while (link.stats().pending_calls > 0 && !late) uv_run(loop, UV_RUN_ONCE);
}

int serve(SignalConfig config, service::Log& log, const service::CommandLine& command_line) {
  apply_descriptor_limit(config, service::descriptor_limit());
  service::Lifecycle lifecycle;
  crypto::SystemRandom random;
  UvLoop loop;
  const Engine engine = make_engine(config, loop.get(), random, log);
  const auto reload = [&] {
    const service::ConfigFile file = service::open_config(command_line, default_signal_config());
    SignalConfig fresh = read_signal_config(file.root(), read_environment());
    apply_descriptor_limit(fresh, service::descriptor_limit());
    const service::LogConfig fresh_log = service::read_log_config(file.root());
    file.finish();
    log.set_level(command_line.log_level.value_or(fresh_log.level));
    return fresh;
  };
  SignalService service{
      std::move(config),
      {.loop = loop.get(),
       .state = *engine.state,
       .state_name = engine.name,
       .redis_stats =
           [&engine] { return engine.link ? std::optional{engine.link->stats()} : std::nullopt; },
       .random = random,
       .lifecycle = lifecycle,
       .log = log,
       .clock = net::read_clocks,
       .reload = reload}};
  if (engine.link) engine.link->start();
  service.run();
  if (engine.link) finish_calls(*engine.link, loop.get());
  return service::kExitClean;
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<SignalConfig> config;
  const service::ServerMain server{
      .info = {.name = "icebreaker-signal",
               .component = "signal",
               .description =
                   "Signaling server for WebRTC: rooms over WebSocket and long-poll, ICE "
                   "server lists and the web client.",
               .extra_flags = {}},
      .default_config = default_signal_config(),
      .load =
          [&](const service::ConfigSection& root, const service::CommandLine&) {
            config = read_signal_config(root, read_environment());
          },
      .serve =
          [&](service::Log& log, const service::CommandLine& command_line) {
            return serve(*std::move(config), log, command_line);
          }};
  const std::span arguments{argv, static_cast<std::size_t>(argc)};
  const std::vector<const char*> texts{arguments.begin(), arguments.end()};
  return service::run_server(server, texts);
}
