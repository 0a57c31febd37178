// Where Redis is, from `state = "redis://…"`.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace icebreaker::signaling {

struct RedisUrl {
  std::string host{};  // a name, or an address without brackets; empty: socket_path is used
  std::uint16_t port = 6379;
  std::string socket_path{};
  std::string user{};  // empty: the default user
  std::string password{};
  std::uint32_t database = 0;
  bool operator==(const RedisUrl&) const = default;
};

// redis://[[user]:password@]host[:port][/database] and
// redis+unix://[[user]:password@]/path[?db=N]; what is not plain in user, password and path is
// percent-encoded. The error is for the operator and never repeats the password.
std::expected<RedisUrl, std::string> parse_redis_url(std::string_view text);

// Without user and password.
std::string to_text(const RedisUrl& url);

}  // namespace icebreaker::signaling
