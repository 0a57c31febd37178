// The link's logic without sockets and clock: connects, logs in, loads the scripts, subscribes,
// probes itself, notices silence, backs off, and keeps the calls in order. HiredisLink drives it.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/random.hpp"
#include "common/base/time.hpp"
#include "signaling/state/redis/back_off.hpp"
#include "signaling/state/redis/call_queue.hpp"
#include "signaling/state/redis/handshake.hpp"
#include "signaling/state/redis/link.hpp"
#include "signaling/state/redis/link_stats.hpp"
#include "signaling/state/redis/notices.hpp"
#include "signaling/state/redis/redis_url.hpp"
#include "signaling/state/redis/wire.hpp"

namespace icebreaker::signaling {

struct RedisLinkConfig {
  RedisUrl url{};
  std::string instance{};  // begins the names of incarnations; may be empty
};

class LinkCore final : public RedisWireHandler {
 public:
  // References outlive this.
  LinkCore(RedisLinkConfig config, RedisWires& wires, RandomSource& random, RedisNoticeSink notify);

  void set_listener(RedisLinkListener& listener) { listener_ = &listener; }

  void start(Now now);
  void call(Now now, Script script, std::vector<std::string> arguments, RedisLink::Done done);

  [[nodiscard]] bool is_up() const { return phase_ == Phase::Up; }

  [[nodiscard]] std::optional<std::string> unready_reason(Now now) const;
  [[nodiscard]] RedisLinkStats stats() const;

  void on_opened(Now now, Wire wire) override;
  void on_reply(Now now, Wire wire, WireReply reply) override;
  void on_ended(Now now, Wire wire, End end, const std::string& why) override;

  void on_deadline(Now now);
  // Ask again after each call and event.
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;

 private:
  enum class Phase : std::uint8_t { Idle, Waiting, Connecting, Up };

  // What the next reply on the Commands wire answers.
  struct Expected {
    enum class Kind : std::uint8_t { Step, Load, Probe, Call };
    Kind kind = Kind::Step;
    CallId call{};  // of Call
    Script script = Script::Probe;
    MonoTime since{};
  };

  void connect(Now now);
  void take_step(Now now, Wire wire);
  void on_command_reply(Now now, const Expected& expected, WireReply reply);
  void on_wake_reply(Now now, WireReply reply);
  void become_up_when_proven(Now now);

  void send(Now now, Expected expected, const std::vector<std::string>& arguments);
  void load_again(Now now, Script script);
  void send_probe(Now now);
  void on_loaded(Now now, Script script, const WireReply& reply);
  void on_probe_reply(Now now, const WireReply& reply);
  void on_call_reply(Now now, CallId id, WireReply reply);

  void forgive_own_pause(Now now);
  void check_liveness(Now now);
  [[nodiscard]] TroubleReport late_attempt() const;
  void fail(Now now, const TroubleReport& report);
  void tell(Now now, const TroubleReport& report, std::string_view consequence);
  [[nodiscard]] std::string new_incarnation();

  Handshake& handshake(Wire wire) { return wire == Wire::Commands ? commands_ : wake_; }

  RedisLinkConfig config_;
  RedisWires& wires_;
  RandomSource& random_;
  RedisNoticeSink notify_;
  RedisLinkListener* listener_ = nullptr;

  Phase phase_ = Phase::Idle;
  std::string incarnation_;
  Handshake commands_;
  Handshake wake_;
  bool opened_ = false;  // at least one wire
  ScriptDigests digests_;
  std::array<int, kScriptCount> loads_in_flight_{};
  std::deque<Expected> expected_;
  CallQueue calls_;
  std::vector<std::string_view> words_;  // reused

  BackOff back_off_;
  MonoTime deadline_{};  // of this phase: try again, give up, next check
  MonoTime next_probe_{};
  MonoTime up_since_{};
  MonoTime waiting_since_{};  // for any reply to what is expected
  std::optional<MonoTime> written_at_;
  std::optional<MonoTime> woken_at_;
  std::uint64_t probes_ = 0;
  std::optional<TroubleReport> write_trouble_;

  std::string trouble_words_;  // why it is not up
  std::string last_warning_;
  TroubleLimiter limiter_;
  RedisLinkStats stats_;
};

}  // namespace icebreaker::signaling
