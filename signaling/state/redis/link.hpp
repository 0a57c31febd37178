// Between the Redis engine and its connection. HiredisLink is the real one; tests bring their own.
// Everything happens on the loop's thread.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/time.hpp"
#include "signaling/state/redis/scripts.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

// What a script returned: nil, an integer, a string or an array of these. Never an error: those
// end in StateError::Unavailable and a line in the log.
struct RedisReply {
  using Array = std::vector<RedisReply>;

  std::variant<std::monostate, std::int64_t, std::string, Array> value;

  [[nodiscard]] bool is_nil() const { return std::holds_alternative<std::monostate>(value); }

  // Null when the reply is of another type.
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value); }

  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&value); }

  [[nodiscard]] std::string* string() { return std::get_if<std::string>(&value); }

  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&value); }

  [[nodiscard]] Array* array() { return std::get_if<Array>(&value); }

  bool operator==(const RedisReply&) const = default;
};

class RedisLinkListener {
 public:
  virtual ~RedisLinkListener() = default;

  // Scripts are loaded and the wake channel `ib:n:<incarnation>` is subscribed. Again after each
  // reconnect, with another incarnation.
  virtual void on_up(Now now, std::string_view incarnation) = 0;
  // After the pending calls have completed Unavailable.
  virtual void on_down(Now now) = 0;
  // A payload of this incarnation's wake channel. The link keeps those that begin with '!'.
  virtual void on_message(Now now, std::string_view payload) = 0;
};

class RedisLink {
 public:
  using Done = std::move_only_function<void(Now, std::expected<RedisReply, StateError>)>;

  virtual ~RedisLink() = default;

  // Called once, before anything else. The listener outlives the connection.
  virtual void set_listener(RedisLinkListener& listener) = 0;

  // EVALSHA with the arguments as ARGV, no KEYS. Calls complete in the order they were made, never
  // from inside call(); Unavailable when there is no connection, it is lost, or too much is
  // pending, and then the script may have run or not.
  virtual void call(Script script, std::vector<std::string> arguments, Done done) = 0;

  [[nodiscard]] virtual bool is_up() const = 0;

  // For State::unready_reason: not connected and why, or no write or wake-up came through lately.
  [[nodiscard]] virtual std::optional<std::string> unready_reason(Now now) const = 0;
};

}  // namespace icebreaker::signaling
