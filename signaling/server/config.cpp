#include "signaling/server/config.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <tuple>

#include "common/base/parse_number.hpp"
#include "common/signaling/names.hpp"
#include "signaling/server/config_access.hpp"
#include "signaling/server/state_config.hpp"

namespace icebreaker::signaling {

namespace {

using service::ConfigSection;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A script hands this many frames to Redis at once.
constexpr std::int64_t kMostMailboxMessages = 2048;

std::optional<std::string> variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>{value};
}

SocketAddress read_listen(const ConfigSection& root, const SignalEnvironment& environment) {
  SocketAddress listen = root.socket_address("listen").value_or(
      SocketAddress{.ip = IpAddress::any(Family::V4), .port = 8080});
  if (environment.port) {
    const auto port = parse_number<std::uint16_t>(*environment.port);
    if (!port) {
      root.fail("listen", "the environment's PORT is not a port number: " + *environment.port);
    }
    listen.port = *port;
  }
  return listen;
}

void check_token_secrets(const ConfigSection& root, const SignalConfig& config) {
  if (!config.redis || !config.hub.token_secrets.empty()) return;
  root.fail("state",
            "instances that share a Redis must also share the secret of their resume tokens: set "
            "token_secrets = [\"…\"] in [session] to the same on all, or "
            "ICEBREAKER_TOKEN_SECRETS; `openssl rand -base64 32` makes one");
}

std::string read_instance(const ConfigSection& root) {
  std::string instance = root.text("instance", "");
  if (!instance.empty() && !is_valid_name(instance)) {
    root.fail("instance", "must be 1 to 64 of A-Z a-z 0-9 . _ -");
  }
  return instance;
}

milliseconds read_ms(const ConfigSection& section, std::string_view key, milliseconds otherwise,
                     milliseconds min) {
  return section.duration(key, otherwise, {.min = min, .max = std::chrono::hours{1}});
}

void read_session(const ConfigSection& root, const SignalEnvironment& environment,
                  SignalConfig& config) {
  const ConfigSection session = root.section("session");
  HubConfig& hub = config.hub;
  hub.hold = read_ms(session, "hold_ms", hub.hold, milliseconds{100});
  hub.ping = read_ms(session, "ping_ms", hub.ping, milliseconds{100});
  hub.away_after = read_ms(session, "away_after_ms", hub.away_after, milliseconds{0});
  hub.resume_window = read_ms(session, "resume_window_ms", hub.resume_window, milliseconds{100});
  hub.token_secrets = read_token_secrets(session, environment.token_secrets);
  hub.token_lifetime = std::chrono::duration_cast<seconds>(
      session.duration("token_lifetime_s", hub.token_lifetime,
                       {.min = seconds{60}, .max = std::chrono::hours{24 * 30}}));
  config.state.away_after = hub.away_after;
  config.state.resume_window = hub.resume_window;
  config.state.tombstone = hub.resume_window;
}

template <class T>
T read_count(const ConfigSection& section, std::string_view key, T otherwise, std::int64_t min,
             std::int64_t max = std::numeric_limits<std::int32_t>::max()) {
  return static_cast<T>(
      section.integer(key, static_cast<std::int64_t>(otherwise), {.min = min, .max = max}));
}

void check_message_size(const ConfigSection& section, const Limits& limits) {
  const auto size = std::to_string(limits.message_bytes);
  if (limits.message_bytes > limits.body_bytes) {
    section.fail("message_bytes", size + " is above body_bytes, " +
                                      std::to_string(limits.body_bytes) +
                                      ": no POST could carry such a message");
  }
  if (limits.message_bytes > limits.mailbox_bytes) {
    section.fail("message_bytes", size + " is above mailbox_bytes, " +
                                      std::to_string(limits.mailbox_bytes) +
                                      ": no mailbox could take such a message");
  }
}

void read_limits(const ConfigSection& root, SignalConfig& config) {
  const ConfigSection section = root.section("limits");
  HubConfig& hub = config.hub;
  Limits& limits = hub.limits;
  limits.message_bytes = read_count(section, "message_bytes", limits.message_bytes, 1024);
  limits.body_bytes = read_count(section, "body_bytes", limits.body_bytes, 1024);
  limits.mailbox_messages =
      read_count(section, "mailbox_messages", limits.mailbox_messages, 1, kMostMailboxMessages);
  limits.mailbox_bytes = read_count(section, "mailbox_bytes", limits.mailbox_bytes, 1024);
  limits.room_capacity = read_count(section, "room_capacity", limits.room_capacity, 1, 1024);
  check_message_size(section, limits);
  if (limits.room_capacity > limits.mailbox_messages) {
    section.fail("room_capacity",
                 "is above mailbox_messages: what is told of the members of a "
                 "full room could end the session of one who reads slowly");
  }
  config.state.mailbox_messages = limits.mailbox_messages;
  config.state.mailbox_bytes = limits.mailbox_bytes;

  config.connections = read_count(section, "connections", config.connections, 0);
  config.state.sessions = read_count(section, "sessions", config.state.sessions, 0);
  config.request_time = std::chrono::duration_cast<seconds>(section.duration(
      "request_seconds", config.request_time, {.min = seconds{3}, .max = std::chrono::hours{1}}));

  const ConfigSection rooms = root.section("rooms");
  hub.default_capacity =
      read_count(rooms, "capacity", hub.default_capacity, 1, limits.room_capacity);
}

TurnServerConfig read_turn(const ConfigSection& section, const SignalEnvironment& environment) {
  TurnServerConfig turn{.urls = section.texts("urls"),
                        .secret = section.secret("secret").value_or(""),
                        .username = section.text("username", ""),
                        .credential = section.secret("credential").value_or("")};
  turn.ttl = std::chrono::duration_cast<seconds>(
      section.duration("ttl_s", turn.ttl, {.min = seconds{60}, .max = std::chrono::hours{24 * 7}}));
  if (turn.urls.empty()) section.fail("urls", "must name at least one URL");
  for (const std::string& url : turn.urls) {
    if (!is_turn_url(url)) section.fail("urls", "`" + url + "` is no turn: or turns: URL");
  }
  if (!turn.secret.empty() && !turn.username.empty()) {
    section.fail("username", "a server has a secret or a fixed user, not both");
  }
  if (turn.secret.empty() && turn.username.empty() && environment.turn_secret) {
    turn.secret = environment.turn_secret->substr(0, environment.turn_secret->find(','));
  }
  return turn;
}

void read_ice(const ConfigSection& root, const SignalEnvironment& environment,
              SignalConfig& config) {
  const ConfigSection ice = root.section("ice");
  config.ice.stun = ice.texts("stun");
  for (const std::string& url : config.ice.stun) {
    if (!is_stun_url(url)) ice.fail("stun", "`" + url + "` is no stun: or stuns: URL");
  }
  for (const ConfigSection& section : ice.sections("turn")) {
    TurnServerConfig turn = read_turn(section, environment);
    if (turn.secret.empty() && turn.username.empty()) {
      config.warnings.push_back("clients are not told of " + turn.urls.front() +
                                ": set [[ice.turn]] secret or ICEBREAKER_TURN_SECRET");
      continue;
    }
    config.ice.turn.push_back(std::move(turn));
  }
}

void read_tls(const ConfigSection& root, SignalConfig& config) {
  const ConfigSection tls = root.section("tls");
  config.certificate_file = tls.text("certificate_file", "");
  config.key_file = tls.text("key_file", "");
  if (config.certificate_file.empty() != config.key_file.empty()) {
    tls.fail(config.key_file.empty() ? "key_file" : "certificate_file",
             "TLS needs certificate_file and key_file");
  }
}

DrainConfig read_drain(const ConfigSection& root) {
  const ConfigSection section = root.section("drain");
  const service::DurationRange range{.min = seconds{0}, .max = std::chrono::hours{1}};
  DrainConfig drain;
  drain.within = section.duration("seconds", drain.within, range);
  drain.linger = section.duration("linger_seconds", drain.linger, range);
  if (drain.linger > drain.within) {
    section.fail("linger_seconds", "must not be above seconds, when the process ends");
  }
  return drain;
}

}  // namespace

SignalEnvironment read_environment() {
  return {.port = variable("PORT"),
          .turn_secret = variable("ICEBREAKER_TURN_SECRET"),
          .redis_url = variable("ICEBREAKER_REDIS_URL"),
          .token_secrets = variable("ICEBREAKER_TOKEN_SECRETS")};
}

void apply_descriptor_limit(SignalConfig& config, std::size_t descriptors) {
  // For listeners, files, the state engine, and connections that are refused in words.
  const std::size_t reserve =
      std::min(descriptors / 4, std::max<std::size_t>(64, descriptors / 16));
  const std::size_t most = descriptors - reserve;
  if (config.connections > most) {
    config.warnings.push_back("limits.connections is " + std::to_string(most) +
                              " for want of open files: raise that limit to more than " +
                              std::to_string(config.connections));
  }
  if (config.connections == 0 || config.connections > most) config.connections = most;
  // Sessions between two polls have no connection; mailboxes are bounded by limits of their own.
  if (config.state.sessions == 0) config.state.sessions = 4 * config.connections;
}

SignalConfig read_signal_config(const ConfigSection& root, const SignalEnvironment& environment) {
  SignalConfig config;
  config.listen = read_listen(root, environment);
  config.redis = read_state_url(root, environment.redis_url);
  config.instance = read_instance(root);
  config.web_root = root.text("web_root", "");
  read_access(root, config);
  read_session(root, environment, config);
  check_token_secrets(root, config);
  read_ice(root, environment, config);
  read_limits(root, config);
  config.drain = read_drain(root);
  config.metrics = service::read_metrics_address(root);
  read_tls(root, config);
  return config;
}

std::vector<std::string_view> settings_that_need_a_restart(const SignalConfig& running,
                                                           const SignalConfig& fresh) {
  std::vector<std::string_view> names;
  const auto compare = [&names](std::string_view name, const auto& old_value,
                                const auto& new_value) {
    if (old_value != new_value) names.push_back(name);
  };
  const auto session = [](const SignalConfig& config) {
    return std::tuple{config.hub.hold, config.hub.ping, config.hub.away_after,
                      config.hub.resume_window};
  };
  compare("listen", running.listen, fresh.listen);
  compare("state", running.redis, fresh.redis);
  compare("instance", running.instance, fresh.instance);
  compare("web_root", running.web_root, fresh.web_root);
  compare("session", session(running), session(fresh));
  const auto limits = [](const SignalConfig& config) {
    return std::tuple{config.hub.limits, config.connections, config.state.sessions,
                      config.request_time};
  };
  compare("limits", limits(running), limits(fresh));
  compare("drain", running.drain, fresh.drain);
  compare("metrics", running.metrics, fresh.metrics);
  compare("tls", std::tie(running.certificate_file, running.key_file),
          std::tie(fresh.certificate_file, fresh.key_file));
  return names;
}

}  // namespace icebreaker::signaling
