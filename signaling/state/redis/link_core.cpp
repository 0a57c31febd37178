#include "signaling/state/redis/link_core.hpp"

#include <algorithm>
#include <utility>

#include "common/base/check.hpp"
#include "signaling/state/fresh_ids.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr auto kAttemptLimit = 5s;  // from the first packet to the first wake-up
constexpr auto kSilenceLimit = 3s;
constexpr auto kProbeInterval = 1s;
constexpr auto kCheckInterval = 500ms;
constexpr auto kSteady = 5s;  // up for this long: a loss is news, not a repetition
constexpr auto kFirstDelay = 100ms;
constexpr auto kOperatorDelay = 1s;
constexpr auto kOwnPause = 1s;

// The engine's payloads begin otherwise: RedisLinkListener::on_message.
constexpr char kProbeMark = '!';

std::string milliseconds_text(MonoTime::duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(duration).count()) + " ms";
}

}  // namespace

LinkCore::LinkCore(RedisLinkConfig config, RedisWires& wires, RandomSource& random,
                   RedisNoticeSink notify)
    : config_{std::move(config)},
      wires_{wires},
      random_{random},
      notify_{std::move(notify)},
      trouble_words_{"is being connected to"} {}

void LinkCore::start(Now now) {
  connect(now);
}

void LinkCore::connect(Now now) {
  phase_ = Phase::Connecting;
  incarnation_ = new_incarnation();
  commands_ = Handshake{Wire::Commands, config_.url, incarnation_};
  wake_ = Handshake{Wire::Wake, config_.url, incarnation_};
  opened_ = false;
  loads_in_flight_ = {};
  written_at_.reset();
  woken_at_.reset();
  write_trouble_.reset();
  deadline_ = now.mono + kAttemptLimit;
  wires_.open(Wire::Commands);
  wires_.open(Wire::Wake);
}

std::string LinkCore::new_incarnation() {
  const std::string name = config_.instance.empty() ? "" : config_.instance + "-";
  // Random, because two instances may have got the same name.
  constexpr std::size_t kRandomBytes = 8;
  return name + random_hex(random_, kRandomBytes);
}

void LinkCore::on_opened(Now now, Wire wire) {
  opened_ = true;
  take_step(now, wire);
}

void LinkCore::take_step(Now now, Wire wire) {
  if (const auto* const words = handshake(wire).next()) {
    if (wire == Wire::Commands) expected_.push_back({.since = now.mono});
    words_.assign(words->begin(), words->end());
    wires_.send(wire, words_);
  } else if (commands_.done() && wake_.done()) {
    digests_ = commands_.digests();
    send_probe(now);
  }
}

void LinkCore::on_reply(Now now, Wire wire, WireReply reply) {
  if (wire == Wire::Wake) return on_wake_reply(now, std::move(reply));
  if (expected_.empty()) {  // such as `-DENIED …` or `-ERR max number of clients reached`
    return fail(now, reply ? TroubleReport{.trouble = Trouble::Other, .detail = "stray answer"}
                           : report_of(reply.error()));
  }
  waiting_since_ = now.mono;
  const Expected expected = expected_.front();
  expected_.pop_front();
  on_command_reply(now, expected, std::move(reply));
  calls_.complete(now);
}

void LinkCore::on_command_reply(Now now, const Expected& expected, WireReply reply) {
  switch (expected.kind) {
    case Expected::Kind::Step:
      if (const auto trouble = commands_.on_reply(reply)) return fail(now, *trouble);
      return take_step(now, Wire::Commands);
    case Expected::Kind::Load:
      return on_loaded(now, expected.script, reply);
    case Expected::Kind::Probe:
      stats_.calls.at(static_cast<std::size_t>(Script::Probe)).observe(now.mono - expected.since);
      return on_probe_reply(now, reply);
    case Expected::Kind::Call:
      stats_.calls.at(static_cast<std::size_t>(expected.script))
          .observe(now.mono - calls_.at(expected.call).since);
      return on_call_reply(now, expected.call, std::move(reply));
  }
}

void LinkCore::on_wake_reply(Now now, WireReply reply) {
  if (!wake_.done()) {
    if (const auto trouble = wake_.on_reply(reply)) return fail(now, *trouble);
    return take_step(now, Wire::Wake);
  }
  if (!reply) return fail(now, report_of(reply.error()));
  RedisReply::Array* const parts = reply->array();
  if (parts == nullptr || parts->size() != 3) return;
  const std::string* const kind = parts->front().string();
  const std::string* const payload = parts->back().string();
  if (kind == nullptr || *kind != "message" || payload == nullptr) return;
  if (payload->starts_with(kProbeMark)) {
    woken_at_ = now.mono;
    become_up_when_proven(now);
  } else if (phase_ == Phase::Up) {
    listener_->on_message(now, *payload);
  }
}

void LinkCore::become_up_when_proven(Now now) {
  if (phase_ != Phase::Connecting || !written_at_ || !woken_at_) return;
  phase_ = Phase::Up;
  up_since_ = now.mono;
  deadline_ = now.mono + kCheckInterval;
  next_probe_ = now.mono + kProbeInterval;
  ++stats_.connects;
  const std::string& warning = commands_.warning();
  notify_({.level = RedisNotice::Level::Info,
           .text = "connected to " + to_text(config_.url) + ", version " + commands_.version() +
                   ", wake channel ib:n:" + incarnation_});
  if (!warning.empty() && warning != last_warning_) {
    notify_({.level = RedisNotice::Level::Warn, .text = to_text(config_.url) + " " + warning});
  }
  last_warning_ = warning;
  listener_->on_up(now, incarnation_);
}

void LinkCore::call(Now now, Script script, std::vector<std::string> arguments,
                    RedisLink::Done done) {
  if (phase_ != Phase::Up) return calls_.add_refused(std::move(done));
  const auto id = calls_.add(
      {.script = script, .arguments = std::move(arguments), .since = now.mono}, std::move(done));
  if (!id) {
    return tell(now, {.trouble = Trouble::Overload, .detail = {}}, "calls fail");
  }
  send(now, {.kind = Expected::Kind::Call, .call = *id, .script = script},
       calls_.at(*id).arguments);
}

void LinkCore::send(Now now, Expected expected, const std::vector<std::string>& arguments) {
  const std::string& digest = digests_.at(static_cast<std::size_t>(expected.script));
  ICEBREAKER_CHECK(!digest.empty());
  words_.assign({"EVALSHA", digest, "0"});
  words_.insert(words_.end(), arguments.begin(), arguments.end());
  if (expected_.empty()) waiting_since_ = now.mono;
  expected.since = now.mono;
  expected_.push_back(expected);
  wires_.send(Wire::Commands, words_);
}

void LinkCore::send_probe(Now now) {
  send(now, {.kind = Expected::Kind::Probe},
       {incarnation_, kProbeMark + std::to_string(++probes_)});
}

// SCRIPT FLUSH, or another server behind the same address.
void LinkCore::load_again(Now now, Script script) {
  int& in_flight = loads_in_flight_.at(static_cast<std::size_t>(script));
  if (in_flight > 0) return;  // it is ahead of the next try on the wire
  ++in_flight;
  const auto source = std::ranges::find(script_sources(), script, &ScriptSource::script);
  words_.assign({"SCRIPT", "LOAD", source->text});
  expected_.push_back({.kind = Expected::Kind::Load, .script = script, .since = now.mono});
  wires_.send(Wire::Commands, words_);
}

void LinkCore::on_loaded(Now now, Script script, const WireReply& reply) {
  --loads_in_flight_.at(static_cast<std::size_t>(script));
  if (!reply) fail(now, report_of(reply.error()));
}

void LinkCore::on_probe_reply(Now now, const WireReply& reply) {
  if (reply) {
    written_at_ = now.mono;
    write_trouble_.reset();
    return become_up_when_proven(now);
  }
  TroubleReport report = report_of(reply.error());
  if (report.trouble == Trouble::NoScript) {
    load_again(now, Script::Probe);
    return send_probe(now);
  }
  if (phase_ == Phase::Connecting || calls_for_reconnect(report.trouble)) return fail(now, report);
  tell(now, report, "calls fail");
  write_trouble_ = std::move(report);
}

void LinkCore::on_call_reply(Now now, CallId id, WireReply reply) {
  if (reply) return calls_.settle(id, *std::move(reply));
  TroubleReport report = report_of(reply.error());
  CallQueue::Call& call = calls_.at(id);
  if (report.trouble == Trouble::NoScript && !std::exchange(call.tried_again, true)) {
    load_again(now, call.script);
    return send(now, {.kind = Expected::Kind::Call, .call = id, .script = call.script},
                call.arguments);
  }
  if (calls_for_reconnect(report.trouble)) return fail(now, report);
  report.detail.insert(0, std::string{name_of(call.script)} + ": ");
  tell(now, report, "calls fail");
  calls_.settle(id, std::unexpected(StateError::Unavailable));
}

void LinkCore::on_ended(Now now, Wire /*wire*/, End end, const std::string& why) {
  if (end == End::NotOpened) return fail(now, {.trouble = Trouble::Unreachable, .detail = why});
  const bool at_once = commands_.version().empty() && why.empty();
  fail(now, {.trouble = Trouble::Lost, .detail = at_once ? "at once: does it want TLS?" : why});
}

void LinkCore::on_deadline(Now now) {
  if (phase_ == Phase::Waiting && now.mono >= deadline_) {
    connect(now);
  } else if (phase_ == Phase::Connecting && now.mono >= deadline_) {
    forgive_own_pause(now);
    if (now.mono >= deadline_) fail(now, late_attempt());
  } else if (phase_ == Phase::Up && now.mono >= deadline_) {
    forgive_own_pause(now);
    check_liveness(now);
  }
  calls_.complete(now);
}

// Timers run before sockets are read: after a pause of this process (SIGSTOP, a moved virtual
// machine) the answers may be here already.
void LinkCore::forgive_own_pause(Now now) {
  if (now.mono - deadline_ < kOwnPause) return;
  const MonoTime recent = now.mono - kSilenceLimit + kOwnPause;
  waiting_since_ = std::max(waiting_since_, recent);
  if (phase_ == Phase::Connecting) deadline_ = now.mono + kOwnPause;
  if (phase_ == Phase::Up) {
    written_at_ = std::max(*written_at_, recent);
    woken_at_ = std::max(*woken_at_, recent);
  }
}

void LinkCore::check_liveness(Now now) {
  const auto silent = [now](MonoTime since) { return now.mono - since >= kSilenceLimit; };
  if (!expected_.empty() && silent(waiting_since_)) {
    return fail(now, {.trouble = Trouble::Silent,
                      .detail = "no reply for " + milliseconds_text(now.mono - waiting_since_) +
                                ", " + std::to_string(expected_.size()) + " commands waiting"});
  }
  if (silent(*written_at_)) {
    return fail(now, write_trouble_.value_or(TroubleReport{.trouble = Trouble::Silent}));
  }
  if (silent(*woken_at_)) return fail(now, {.trouble = Trouble::WakeSilent, .detail = {}});
  if (now.mono >= next_probe_) {
    send_probe(now);
    next_probe_ = now.mono + kProbeInterval;
  }
  deadline_ = now.mono + kCheckInterval;
}

TroubleReport LinkCore::late_attempt() const {
  const std::string within = "within " + milliseconds_text(kAttemptLimit);
  if (!opened_) return {.trouble = Trouble::Unreachable, .detail = "no connection " + within};
  if (written_at_) return {.trouble = Trouble::WakeSilent, .detail = {}};
  return {.trouble = Trouble::Silent, .detail = "connected, but not ready " + within};
}

void LinkCore::fail(Now now, const TroubleReport& report) {
  const bool was_up = phase_ == Phase::Up;
  wires_.close(Wire::Commands);
  wires_.close(Wire::Wake);
  expected_.clear();
  phase_ = Phase::Waiting;
  if (!was_up) ++stats_.failed_attempts;
  if (was_up && now.mono - up_since_ >= kSteady) back_off_.reset();
  const auto delay =
      back_off_.next(random_, needs_an_operator(report.trouble) ? kOperatorDelay : kFirstDelay);
  deadline_ = now.mono + delay;
  trouble_words_ = words_of(report.trouble, report.detail);
  tell(now, report, "trying again in " + milliseconds_text(delay));
  calls_.settle_all_unavailable();
  if (!was_up) return;
  calls_.complete(now);
  listener_->on_down(now);
}

void LinkCore::tell(Now now, const TroubleReport& report, std::string_view consequence) {
  ++stats_.errors.at(static_cast<std::size_t>(report.trouble));
  const auto held_back = limiter_.admit(now.mono, report.trouble);
  if (!held_back) return;
  std::string text = to_text(config_.url) + " " + words_of(report.trouble, report.detail) + "; ";
  text += consequence;
  if (*held_back > 0) text += "; " + std::to_string(*held_back) + " more like this before";
  notify_({.level = needs_an_operator(report.trouble) ? RedisNotice::Level::Error
                                                      : RedisNotice::Level::Warn,
           .text = std::move(text)});
}

std::optional<std::string> LinkCore::unready_reason(Now now) const {
  const std::string url = to_text(config_.url);
  if (phase_ != Phase::Up) return url + " " + trouble_words_;
  if (now.mono - std::min(*written_at_, *woken_at_) < kSilenceLimit + kCheckInterval) return {};
  return url + " " +
         (write_trouble_ ? words_of(write_trouble_->trouble, write_trouble_->detail)
                         : words_of(Trouble::Silent, ""));
}

RedisLinkStats LinkCore::stats() const {
  RedisLinkStats stats = stats_;
  stats.up = is_up();
  stats.pending_calls = calls_.unsettled();
  return stats;
}

std::optional<MonoTime> LinkCore::next_deadline() const {
  if (calls_.due()) return MonoTime{};  // at once
  if (phase_ == Phase::Idle) return {};
  return deadline_;
}

}  // namespace icebreaker::signaling
