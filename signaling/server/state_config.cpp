#include "signaling/server/state_config.hpp"

#include <algorithm>

namespace icebreaker::signaling {

std::optional<RedisUrl> read_state_url(const service::ConfigSection& root,
                                       const std::optional<std::string>& from_environment) {
  const std::string from_file = root.secret("state").value_or("memory");
  const std::string& state = from_environment ? *from_environment : from_file;
  if (state == "memory") return {};
  auto url = parse_redis_url(state);
  if (url) return *std::move(url);
  const std::string_view origin = from_environment ? "the environment's ICEBREAKER_REDIS_URL "
                                  : root.has("state_file") ? "the content of state_file "
                                                           : "";
  const std::string_view otherwise =
      state.find("://") == std::string::npos ? "; or \"memory\" for a single instance" : "";
  root.fail(root.has("state_file") ? "state_file" : "state",
            std::string{origin}.append(url.error()).append(otherwise));
}

std::vector<std::string> read_token_secrets(const service::ConfigSection& session,
                                            const std::optional<std::string>& from_environment) {
  std::vector<std::string> secrets = session.secrets("token_secrets");
  if (!secrets.empty() || !from_environment) return secrets;
  std::string_view rest = *from_environment;
  while (!rest.empty()) {
    const std::string_view secret = rest.substr(0, rest.find(','));
    if (!secret.empty()) secrets.emplace_back(secret);
    rest.remove_prefix(std::min(secret.size() + 1, rest.size()));
  }
  return secrets;
}

}  // namespace icebreaker::signaling
