// A shell without sockets around a hub: records effects, moves time by hand, and can hold back the
// state engine's completions. For tests that read as scripts.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/signaling/json_codec.hpp"
#include "signaling/core/hub.hpp"
#include "signaling/state/memory_state.hpp"
#include "tests/support/seeded_random.hpp"

namespace icebreaker::testing {

using namespace signaling;
using namespace std::chrono_literals;

// Passes calls on to another engine, which completes them at once; tells the hub later, in order,
// when the test says so. Stands for an engine across a network, which can be cut.
class DelayedState final : public State, private StateListener {
 public:
  explicit DelayedState(State& inner) : inner_{inner} { inner.set_listener(*this); }

  void set_listener(StateListener& listener) override { listener_ = &listener; }

  void delay() { delayed_ = true; }

  void release() {
    while (!waiting_.empty()) step();
    delayed_ = false;
  }

  // Calls complete Unavailable, and hints are lost.
  void cut() { is_cut_ = true; }

  void mend() { is_cut_ = false; }

  // As an engine does for each open receive once it is reachable again.
  void hint(Now now, const SessionId& session, ReceiveId receive) {
    listener_->on_wake(now, session, receive);
  }

  void bring(Now now, const SessionId& session, ReceiveId receive, Delivery delivery) {
    listener_->on_frames(now, session, receive, std::move(delivery));
  }

  void step() {
    if (waiting_.empty()) return;
    auto task = std::move(waiting_.front());
    waiting_.pop_front();
    task();
  }

  [[nodiscard]] bool idle() const { return waiting_.empty(); }

  void open(Now now, OpenRequest request, Completion<SessionInfo> done) override {
    if (is_cut_) return done(now, std::unexpected(StateError::Unavailable));
    inner_.open(now, std::move(request), later(std::move(done)));
  }

  void resume(Now now, ResumeRequest request, Completion<SessionInfo> done) override {
    if (is_cut_) return done(now, std::unexpected(StateError::Unavailable));
    inner_.resume(now, std::move(request), later(std::move(done)));
  }

  void attach(Now now, AttachRequest request, Completion<Attached> done) override {
    if (is_cut_) return done(now, std::unexpected(StateError::Unavailable));
    inner_.attach(now, std::move(request), later(std::move(done)));
  }

  void fetch(Now now, FetchRequest request, Completion<Delivery> done) override {
    if (is_cut_) return done(now, std::unexpected(StateError::Unavailable));
    inner_.fetch(now, std::move(request), later(std::move(done)));
  }

  void detach(Now now, const SessionId& session, ReceiveId receive) override {
    if (!is_cut_) inner_.detach(now, session, receive);
  }

  void submit(Now now, Submission submission, Completion<Submitted> done) override {
    if (is_cut_) return done(now, std::unexpected(StateError::Unavailable));
    inner_.submit(now, std::move(submission), later(std::move(done)));
  }

  void close(Now now, const SessionId& session, Epoch epoch, Completion<Submitted> done) override {
    if (is_cut_) return done(now, std::unexpected(StateError::Unavailable));
    inner_.close(now, session, epoch, later(std::move(done)));
  }

  void charge(Now now, std::vector<RateCharge> charges, Completion<RateWait> done) override {
    if (is_cut_) return done(now, std::unexpected(StateError::Unavailable));
    inner_.charge(now, std::move(charges), later(std::move(done)));
  }

  [[nodiscard]] std::optional<std::string> unready_reason(Now now) const override {
    return inner_.unready_reason(now);
  }

  void on_deadline(Now now) override { inner_.on_deadline(now); }

  [[nodiscard]] std::optional<MonoTime> next_deadline() const override {
    return inner_.next_deadline();
  }

 private:
  template <class T>
  Completion<T> later(Completion<T> done) {
    return [this, done = std::move(done)](Now now, std::expected<T, StateError> result) mutable {
      if (!delayed_) return done(now, std::move(result));
      waiting_.emplace_back([now, done = std::move(done), result = std::move(result)]() mutable {
        done(now, std::move(result));
      });
    };
  }

  // Hints travel apart from answers and may overtake them.
  void on_wake(Now now, const SessionId& session, ReceiveId receive) override {
    if (!is_cut_) listener_->on_wake(now, session, receive);
  }

  void on_receive_ended(Now now, const SessionId& session, ReceiveId receive, End end) override {
    if (!is_cut_) listener_->on_receive_ended(now, session, receive, end);
  }

  State& inner_;
  StateListener* listener_ = nullptr;
  bool delayed_ = false;
  bool is_cut_ = false;
  std::deque<std::move_only_function<void()>> waiting_;
};

class FakeShell final : public EffectSink, public IceServerSource, public TokenVerifier {
 public:
  explicit FakeShell(HubConfig config = default_config(), std::uint64_t seed = 1)
      : random_{seed},
        memory_{StateConfig{}, random_},
        state_{memory_},
        hub_{std::move(config),
             {.state = state_, .ice = *this, .tokens = *this, .random = random_, .out = *this}} {}

  static HubConfig default_config() {
    HubConfig config;
    config.token_secrets = {"secret"};
    config.opens_per_minute = 0;
    config.joins_per_minute = 0;
    config.matches_per_minute = 0;
    config.messages_per_second = 0;
    config.messages_per_second_per_address = 0;
    return config;
  }

  IceServerList ice_servers(Now /*now*/, const PeerId& peer, std::string_view host) override {
    return {{{{"turn:" + std::string{host}}, "u:" + peer.value, "c"}}, ice_ttl};
  }

  // Knows the tokens that the test gave out.
  [[nodiscard]] std::expected<Admission, TokenRefusal> verify(
      Now /*now*/, std::string_view token) const override {
    const auto found = admissions.find(std::string{token});
    if (found == admissions.end()) {
      return std::unexpected(refuse_token(TokenProblem::BadSignature));
    }
    return found->second;
  }

  void emit(Effect effect) override {
    std::visit([this](auto& each) { record(std::move(each)); }, effect);
  }

  [[nodiscard]] std::chrono::seconds ttl() const override { return ice_ttl; }

  // Steps from deadline to deadline, as the event loop would.
  void advance(std::chrono::milliseconds by) {
    const MonoTime end = now_.mono + by;
    for (auto due = hub_.next_deadline(); due && *due <= end; due = hub_.next_deadline()) {
      move_to(std::max(*due, now_.mono));
      hub_.on_deadline(now_);
    }
    move_to(end);
  }

  ConnectionId connect() {
    const ConnectionId id{++last_connection_};
    hub_.on_ws_open(now_, id, client);
    return id;
  }

  void send(ConnectionId id, std::string_view text) { hub_.on_ws_message(now_, id, text); }

  void send(ConnectionId id, const ClientEnvelope& envelope) { send(id, encode(envelope)); }

  void hang_up(ConnectionId id) { hub_.on_ws_closed(now_, id); }

  ConnectionId open(std::string_view body) {
    const ConnectionId id{++last_connection_};
    hub_.open_session(now_, id, client, body);
    return id;
  }

  ConnectionId poll(std::string_view session, std::string_view epoch,
                    std::optional<std::string_view> after = std::nullopt) {
    const ConnectionId id{++last_connection_};
    hub_.poll(now_, id, client, {session, epoch, after});
    return id;
  }

  ConnectionId events(std::string_view session, std::string_view epoch,
                      std::optional<std::string_view> after = std::nullopt) {
    const ConnectionId id{++last_connection_};
    hub_.events(now_, id, client, {session, epoch, after});
    return id;
  }

  ConnectionId post(std::string_view session, std::string_view body) {
    const ConnectionId id{++last_connection_};
    hub_.post(now_, id, client, session, body);
    return id;
  }

  ConnectionId remove(std::string_view session, std::string_view epoch) {
    const ConnectionId id{++last_connection_};
    hub_.close_session(now_, id, client, {session, epoch, std::nullopt});
    return id;
  }

  // Texts sent on a WebSocket since the last call.
  std::vector<std::string> texts(ConnectionId id) { return std::exchange(sent_[id], {}); }

  std::vector<ServerEnvelope> received(ConnectionId id) {
    std::vector<ServerEnvelope> messages;
    for (const std::string& text : texts(id)) messages.push_back(decoded(text));
    return messages;
  }

  static ServerEnvelope decoded(std::string_view text) {
    auto message = decode_server(text);
    EXPECT_TRUE(message) << text;
    return message.value_or(ServerEnvelope{});
  }

  std::optional<effect::Respond> response(ConnectionId id) {
    const auto found = responses_.find(id);
    return found == responses_.end() ? std::nullopt : std::optional{found->second};
  }

  struct Stream {
    std::vector<effect::StreamEvent> events;
    int comments = 0;
    bool ended = false;
  };

  // What a stream had since the last call; nothing when there is no stream.
  std::optional<Stream> stream(ConnectionId id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return std::nullopt;
    const bool ended = found->second.ended;
    return std::exchange(found->second, Stream{.events = {}, .comments = 0, .ended = ended});
  }

  std::optional<CloseCode> closed(ConnectionId id) {
    const auto found = closed_.find(id);
    return found == closed_.end() ? std::nullopt : std::optional{found->second.code};
  }

  Hub& hub() { return hub_; }

  DelayedState& state() { return state_; }

  MemoryState& memory() { return memory_; }

  [[nodiscard]] Now now() const { return now_; }

  ClientInfo client{IpAddress::from_v4(0x7F000001), "host.example"};
  std::chrono::seconds ice_ttl{3600};
  std::map<std::string, Admission> admissions;  // by token

 private:
  void record(effect::Send send) {
    EXPECT_FALSE(closed_.contains(send.connection)) << "sent after close: " << send.text;
    sent_[send.connection].push_back(std::move(send.text));
  }

  void record(effect::Close close) { EXPECT_TRUE(closed_.emplace(close.connection, close).second); }

  void record(effect::Respond respond) {
    EXPECT_TRUE(responses_.emplace(respond.connection, respond).second) << "answered twice";
  }

  void record(const effect::OpenStream& open) {
    EXPECT_TRUE(streams_.try_emplace(open.connection).second) << "opened twice";
    EXPECT_FALSE(responses_.contains(open.connection)) << "answered before";
  }

  void record(effect::StreamEvent event) {
    EXPECT_FALSE(open_stream(event.connection).ended) << "an event after the end";
    open_stream(event.connection).events.push_back(std::move(event));
  }

  void record(const effect::StreamComment& comment) {
    EXPECT_FALSE(open_stream(comment.connection).ended) << "a comment after the end";
    ++open_stream(comment.connection).comments;
  }

  void record(const effect::EndStream& end) {
    EXPECT_FALSE(std::exchange(open_stream(end.connection).ended, true)) << "ended twice";
  }

  Stream& open_stream(ConnectionId id) {
    EXPECT_TRUE(streams_.contains(id)) << "no such stream";
    return streams_[id];
  }

  void move_to(MonoTime mono) {
    now_.wall += std::chrono::duration_cast<WallTime::duration>(mono - now_.mono);
    now_.mono = mono;
  }

  Now now_{MonoTime{1h}, WallTime{std::chrono::hours{24 * 365 * 50}}};
  std::uint64_t last_connection_ = 0;
  std::map<ConnectionId, std::vector<std::string>> sent_;
  std::map<ConnectionId, effect::Close> closed_;
  std::map<ConnectionId, effect::Respond> responses_;
  std::map<ConnectionId, Stream> streams_;
  SeededRandom random_;
  MemoryState memory_;
  DelayedState state_;
  Hub hub_;
};

}  // namespace icebreaker::testing
