// What the link says on a new connection, step by step, and what it thinks of the answers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signaling/state/redis/redis_url.hpp"
#include "signaling/state/redis/scripts.hpp"
#include "signaling/state/redis/trouble.hpp"
#include "signaling/state/redis/wire.hpp"

namespace icebreaker::signaling {

struct TroubleReport {
  Trouble trouble = Trouble::Other;
  std::string detail{};
};

TroubleReport report_of(std::string_view error);

// Hex SHA-1 by Script; empty: that script is not loaded.
using ScriptDigests = std::array<std::string, kScriptCount>;

class Handshake {
 public:
  Handshake() = default;  // nothing to do
  Handshake(Wire wire, const RedisUrl& url, const std::string& incarnation);

  // The words to send now; nothing when all is done.
  [[nodiscard]] const std::vector<std::string>* next() const;
  std::optional<TroubleReport> on_reply(const WireReply& reply);

  [[nodiscard]] bool done() const { return at_ == steps_.size(); }

  [[nodiscard]] const ScriptDigests& digests() const { return digests_; }

  // "7.0.15", of the Commands wire.
  [[nodiscard]] const std::string& version() const { return version_; }

  // What works, but should not stay so; empty: nothing.
  [[nodiscard]] const std::string& warning() const { return warning_; }

 private:
  enum class Check : std::uint8_t { NoError, Optional, Server, Digest };

  struct Step {
    std::vector<std::string> words;
    Check check = Check::NoError;
    Script script = Script::Probe;
  };

  std::optional<TroubleReport> check_server(std::string_view info);
  void warn_of_eviction(std::string_view info);

  std::vector<Step> steps_;
  std::size_t at_ = 0;
  ScriptDigests digests_;
  std::string version_;
  std::string warning_;
};

}  // namespace icebreaker::signaling
