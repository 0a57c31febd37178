// Plays Redis for LinkCore: keeps what is sent and answers when the test says so.
#pragma once

#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signaling/state/redis/link_core.hpp"
#include "tests/support/seeded_random.hpp"

namespace icebreaker::testing {

using namespace signaling;
using namespace std::chrono_literals;

using Words = std::vector<std::string>;

class FakeWires final : public RedisWires {
 public:
  struct End {
    bool open = false;
    bool accepted = false;
    std::deque<Words> sent;
  };

  void open(Wire wire) override { at(wire) = {.open = true, .accepted = false, .sent = {}}; }

  void send(Wire wire, std::span<const std::string_view> words) override {
    at(wire).sent.emplace_back(words.begin(), words.end());
  }

  void close(Wire wire) override { at(wire) = {}; }

  End& at(Wire wire) { return ends_.at(static_cast<std::size_t>(wire)); }

 private:
  std::array<End, 2> ends_;
};

inline RedisReply text_reply(std::string text) {
  return {.value = std::move(text)};
}

inline RedisReply message_reply(std::string channel, std::string payload) {
  return {.value = RedisReply::Array{text_reply("message"), text_reply(std::move(channel)),
                                     text_reply(std::move(payload))}};
}

// A link whose Redis, clock and engine are the test's.
class LinkStage : public RedisLinkListener {
 public:
  explicit LinkStage(RedisUrl url = {.host = "cache"})
      : core_{{.url = std::move(url), .instance = "here"},
              wires_,
              random_,
              [this](const RedisNotice& notice) { notices_.push_back(notice); }} {
    core_.set_listener(*this);
  }

  void on_up(Now /*now*/, std::string_view incarnation) override {
    log_.push_back("up");
    incarnation_ = incarnation;
  }

  void on_down(Now /*now*/) override { log_.emplace_back("down"); }

  void on_message(Now /*now*/, std::string_view payload) override {
    log_.push_back("message " + std::string{payload});
  }

  void connect() {
    core_.start(now_);
    accept();
  }

  void accept() {
    for (const Wire wire : {Wire::Commands, Wire::Wake}) {
      wires_.at(wire).accepted = true;
      core_.on_opened(now_, wire);
    }
  }

  // The network lets through what is being opened.
  void accept_if_open() {
    if (wires_.at(Wire::Commands).open && !wires_.at(Wire::Commands).accepted) accept();
  }

  // A healthy Redis answers everything that it was sent, and publishes.
  void serve() {
    while (!sent(Wire::Commands).empty() || !sent(Wire::Wake).empty()) {
      const Wire wire = sent(Wire::Commands).empty() ? Wire::Wake : Wire::Commands;
      const Words words = take(wire);
      answer(wire, healthy_reply(words));
      if (words.front() == "EVALSHA" && words[1] == "sha-probe") publish(words.back());
    }
  }

  void bring_up() {
    connect();
    serve();
  }

  // The words of the oldest unanswered command.
  Words take(Wire wire = Wire::Commands) {
    auto& sent = wires_.at(wire).sent;
    if (sent.empty()) return {"nothing"};
    Words words = std::move(sent.front());
    sent.pop_front();
    return words;
  }

  void answer(Wire wire, WireReply reply) { core_.on_reply(now_, wire, std::move(reply)); }

  void refuse(const std::string& error) {
    take();
    answer(Wire::Commands, std::unexpected(error));
  }

  void publish(const std::string& payload) {
    answer(Wire::Wake, message_reply("ib:n:" + incarnation_, payload));
  }

  void call(const std::string& name, Script script = Script::Probe) {
    core_.call(now_, script, {name},
               [this, name](Now, const std::expected<RedisReply, StateError>& result) {
                 log_.push_back(name + (result ? " done" : " unavailable"));
               });
  }

  void advance(std::chrono::milliseconds by) {
    now_.mono += by;
    core_.on_deadline(now_);
  }

  // Time passes in steps in which Redis answers everything.
  void live(std::chrono::milliseconds for_this_long) {
    for (auto left = for_this_long; left > 0ms; left -= 500ms) {
      advance(500ms);
      serve();
    }
  }

  [[nodiscard]] const std::deque<Words>& sent(Wire wire) { return wires_.at(wire).sent; }

  [[nodiscard]] std::size_t log_size() const { return log_.size(); }

  std::vector<std::string> take_log() { return std::exchange(log_, {}); }

  std::vector<RedisNotice> take_notices() { return std::exchange(notices_, {}); }

  [[nodiscard]] std::string reason() const { return core_.unready_reason(now_).value_or("ready"); }

  LinkCore& core() { return core_; }

  FakeWires& wires() { return wires_; }

  [[nodiscard]] const std::string& incarnation() const { return incarnation_; }

  [[nodiscard]] Now now() const { return now_; }

  std::string info =
      "redis_version:7.0.15\r\nrole:master\r\nloading:0\r\ncluster_enabled:0\r\n"
      "maxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n";

 private:
  RedisReply healthy_reply(const Words& words) const {
    if (words.front() == "INFO") return text_reply(info);
    if (words.front() == "SCRIPT") return text_reply("sha-" + script_name(words.back()));
    if (words.front() == "EVALSHA") return {.value = std::int64_t{1}};
    return text_reply("OK");
  }

  static std::string script_name(const std::string& text) {
    for (const ScriptSource& source : script_sources()) {
      if (source.text == text) return std::string{name_of(source.script)};
    }
    return "unknown";
  }

  FakeWires wires_;
  SeededRandom random_;
  Now now_{.mono = MonoTime{1h}, .wall = {}};
  std::vector<std::string> log_;
  std::vector<RedisNotice> notices_;
  std::string incarnation_;
  LinkCore core_;
};

}  // namespace icebreaker::testing
