// Two connections to Redis as the link's logic sees them: words out, replies and their end in.
// HiredisWires is real; tests play Redis themselves.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "common/base/time.hpp"
#include "signaling/state/redis/link.hpp"

namespace icebreaker::signaling {

// Redis allows a connection that subscribes nothing else, hence a second one.
enum class Wire : std::uint8_t { Commands, Wake };

// Or the text of Redis's error, such as "NOAUTH Authentication required."
using WireReply = std::expected<RedisReply, std::string>;

class RedisWires {
 public:
  virtual ~RedisWires() = default;

  // None of these calls back before it returns.
  virtual void open(Wire wire) = 0;
  // One command; replies come in the order of the commands.
  virtual void send(Wire wire, std::span<const std::string_view> words) = 0;
  // Nothing is heard of the connection afterwards; on one that is not open: nothing.
  virtual void close(Wire wire) = 0;
};

class RedisWireHandler {
 public:
  virtual ~RedisWireHandler() = default;

  enum class End : std::uint8_t { NotOpened, Ended };

  virtual void on_opened(Now now, Wire wire) = 0;
  virtual void on_reply(Now now, Wire wire, WireReply reply) = 0;
  // The wire is closed. `why`: in words, may be empty.
  virtual void on_ended(Now now, Wire wire, End end, const std::string& why) = 0;
};

}  // namespace icebreaker::signaling
