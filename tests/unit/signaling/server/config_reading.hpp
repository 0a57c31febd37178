// Reads a text as signal.toml.
#pragma once

#include <string>
#include <string_view>

#include "signaling/server/config.hpp"

namespace icebreaker::signaling::testing {

inline SignalConfig read(std::string_view text, const SignalEnvironment& environment = {}) {
  const auto file = service::ConfigFile::parse("signal.toml", text);
  SignalConfig config = read_signal_config(file.root(), environment);
  service::read_log_config(file.root());
  file.finish();
  return config;
}

// What is wrong with it, as the server would say it.
inline std::string refusal_of(std::string_view text, const SignalEnvironment& environment = {}) {
  try {
    read(text, environment);
  } catch (const service::ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace icebreaker::signaling::testing
