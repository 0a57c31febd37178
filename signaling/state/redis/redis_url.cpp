#include "signaling/state/redis/redis_url.hpp"

#include <algorithm>
#include <optional>

#include "common/base/parse_number.hpp"

namespace icebreaker::signaling {
namespace {

using Problem = std::unexpected<std::string>;

constexpr std::string_view kForm = "redis://[user:password@]host:port/database";
constexpr std::string_view kUnixForm = "redis+unix://[user:password@]/path/of.sock?db=0";

// RFC 3986 §2.1
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    if (text.front() != '%') {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string_view digits = text.substr(1, 2);
    const auto byte = parse_number<std::uint8_t>(digits, 16);
    if (digits.size() != 2 || !byte) return {};
    plain += static_cast<char>(*byte);
    text.remove_prefix(3);
  }
  return plain;
}

std::expected<void, std::string> read_user(std::string_view text, RedisUrl& url) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return Problem("has a user without a password; write user:password@ or :password@");
  }
  const auto user = percent_decoded(text.substr(0, colon));
  const auto password = percent_decoded(text.substr(colon + 1));
  if (!user || !password) {
    return Problem("has a % in user or password that is not percent-encoding; write it %25");
  }
  url.user = *user;
  url.password = *password;
  return {};
}

std::expected<void, std::string> read_database(std::string_view text, RedisUrl& url) {
  const auto database = parse_number<std::uint32_t>(text);
  if (!database) return Problem("ends in something that is no database number");
  url.database = *database;
  return {};
}

bool is_host(std::string_view host) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
  return !host.empty() && host.find_first_not_of(kPlain) == std::string_view::npos;
}

bool is_bracketed_address(std::string_view host) {
  return host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

std::expected<void, std::string> read_place(std::string_view text, RedisUrl& url) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_bracketed_address(text.substr(1, end - 1))) {
      return Problem("has no IPv6 address in its brackets");
    }
    url.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    port = text.substr(colon);
    if (!is_host(url.host)) {
      return Problem("names no host; write " + std::string{kForm} +
                     ", with @ / : % # ? in user and password percent-encoded");
    }
  }
  if (port.empty()) return {};
  const auto number = parse_number<std::uint16_t>(port.substr(1));
  if (!port.starts_with(':') || !number || *number == 0) return Problem("has no valid port");
  url.port = *number;
  return {};
}

std::expected<RedisUrl, std::string> parse_tcp(std::string_view rest) {
  RedisUrl url;
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return Problem("takes no options behind ? or #; write " + std::string{kForm});
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view place = rest.substr(0, slash);
  if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) {
    if (const auto read = read_user(place.substr(0, at), url); !read) return Problem(read.error());
    place.remove_prefix(at + 1);
  }
  if (const auto read = read_place(place, url); !read) return Problem(read.error());
  const std::string_view database = rest.substr(std::min(slash + 1, rest.size()));
  if (database.empty()) return url;
  if (const auto read = read_database(database, url); !read) return Problem(read.error());
  return url;
}

std::expected<RedisUrl, std::string> parse_unix(std::string_view rest) {
  RedisUrl url;
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    return Problem("names no socket; write " + std::string{kUnixForm});
  }
  if (slash > 0) {
    if (rest[slash - 1] != '@') {
      return Problem("has a host before the path of the socket; write " + std::string{kUnixForm});
    }
    const auto read = read_user(rest.substr(0, slash - 1), url);
    if (!read) return Problem(read.error());
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  const auto path = percent_decoded(rest.substr(slash, question - slash));
  if (!path) return Problem("has a % in its path that is not percent-encoding; write it %25");
  // sockaddr_un has room for 108 bytes.
  if (path->size() > 107) return Problem("has a longer path than sockets may have (107 bytes)");
  url.socket_path = *path;
  if (question == rest.size()) return url;
  const std::string_view option = rest.substr(question + 1);
  if (!option.starts_with("db=")) return Problem("knows no option but ?db=N");
  if (const auto read = read_database(option.substr(3), url); !read) return Problem(read.error());
  return url;
}

}  // namespace

std::expected<RedisUrl, std::string> parse_redis_url(std::string_view text) {
  constexpr std::string_view kTcp = "redis://";
  constexpr std::string_view kUnix = "redis+unix://";
  if (text.starts_with("rediss://")) {
    return Problem(
        "asks for TLS, which this build's Redis client cannot do; run a local TLS proxy such as "
        "stunnel in client mode and give its address: redis://…@127.0.0.1:6379/0");
  }
  if (text.starts_with(kTcp)) return parse_tcp(text.substr(kTcp.size()));
  if (text.starts_with(kUnix)) return parse_unix(text.substr(kUnix.size()));
  return Problem("must be " + std::string{kForm} + " or " + std::string{kUnixForm});
}

std::string to_text(const RedisUrl& url) {
  const std::string database = std::to_string(url.database);
  if (url.host.empty()) return "redis+unix://" + url.socket_path + "?db=" + database;
  const bool is_v6 = url.host.find(':') != std::string::npos;
  return "redis://" + (is_v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port) +
         "/" + database;
}

}  // namespace icebreaker::signaling
