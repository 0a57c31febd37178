// What every state engine must do, as tests over a factory. An engine joins by instantiating
// StateContract with a maker of its own (see memory_state_test.cpp).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "common/signaling/json_codec.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling::testing {

using namespace std::chrono_literals;

// One engine with its clock.
class EngineUnderTest {
 public:
  virtual ~EngineUnderTest() = default;
  virtual State& state() = 0;
  virtual Now now() = 0;
  // Lets that much time pass and what is due happen.
  virtual void advance(std::chrono::milliseconds by) = 0;
  // Until every call made so far is completed and every hint is told.
  virtual void settle() = 0;
  // Whether nothing at all is remembered.
  virtual bool is_empty() = 0;
};

// Null when the machine lacks what the engine needs.
using MakeEngine = std::function<std::unique_ptr<EngineUnderTest>(const StateConfig&)>;

class StateContract : public ::testing::TestWithParam<MakeEngine>, public StateListener {
 public:
  void on_wake(Now /*now*/, const SessionId& session, ReceiveId receive) override {
    wakes_.emplace_back(session, receive);
  }

  void on_receive_ended(Now /*now*/, const SessionId& session, ReceiveId receive,
                        End end) override {
    ends_.emplace_back(session, receive, end);
  }

 protected:
  void SetUp() override {
    engine_ = GetParam()(config());
    if (!engine_) GTEST_SKIP() << "what this engine needs is not installed";
    engine_->state().set_listener(*this);
  }

  static StateConfig config() {
    StateConfig config;
    config.mailbox_messages = 8;
    return config;
  }

  template <class T, class Call>
  std::expected<T, StateError> wait(Call call) {
    std::optional<std::expected<T, StateError>> answer;
    call([&answer](Now, std::expected<T, StateError> result) { answer = std::move(result); });
    engine_->settle();
    if (!answer)
      return ADD_FAILURE() << "never completed", std::unexpected(StateError::Unavailable);
    return *std::move(answer);
  }

  SessionInfo open(OpenRequest request = {}) {
    auto opened = wait<SessionInfo>([&](Completion<SessionInfo> done) {
      engine_->state().open(engine_->now(), std::move(request), std::move(done));
    });
    EXPECT_TRUE(opened);
    return opened.value_or(SessionInfo{});
  }

  std::expected<SessionInfo, StateError> resume(const SessionInfo& of, std::optional<Seq> after) {
    return wait<SessionInfo>([&](Completion<SessionInfo> done) {
      engine_->state().resume(engine_->now(), {of.session, of.epoch, after}, std::move(done));
    });
  }

  std::expected<Attached, StateError> attach(const SessionInfo& of,
                                             ReceiveMode mode = ReceiveMode::Stream,
                                             std::optional<Seq> after = std::nullopt) {
    return wait<Attached>([&](Completion<Attached> done) {
      engine_->state().attach(engine_->now(), {{of.session, of.epoch, after}, mode},
                              std::move(done));
    });
  }

  void detach(const SessionInfo& of, ReceiveId receive) {
    engine_->state().detach(engine_->now(), of.session, receive);
    engine_->settle();
  }

  std::expected<Submitted, StateError> submit(const SessionInfo& of,
                                              std::vector<NumberedOperation> operations,
                                              std::optional<Seq> ack = std::nullopt) {
    return wait<Submitted>([&](Completion<Submitted> done) {
      engine_->state().submit(engine_->now(), {of.session, of.epoch, ack, std::move(operations)},
                              std::move(done));
    });
  }

  // Nothing when taken, else how long to wait.
  RateWait charge(std::vector<RateCharge> charges) {
    const auto done = wait<RateWait>([&](Completion<RateWait> completion) {
      engine_->state().charge(engine_->now(), std::move(charges), std::move(completion));
    });
    EXPECT_TRUE(done);
    return done.value_or(std::nullopt);
  }

  // With the session's next number.
  Submitted act(SessionInfo& session, Operation operation) {
    const auto done = submit(session, {{++session.received, std::move(operation)}});
    EXPECT_TRUE(done);
    return done.value_or(Submitted{});
  }

  // Everything in the mailbox, acknowledged afterwards.
  std::vector<ServerMessage> read(const SessionInfo& session) {
    std::vector<ServerMessage> messages;
    const auto attached = attach(session);
    if (!attached) return ADD_FAILURE() << "no attach", messages;
    for (const Frame& frame : attached->delivery.frames) {
      const auto decoded = decode_server(frame.text);
      EXPECT_TRUE(decoded) << frame.text;
      if (decoded) messages.push_back(decoded->message);
    }
    EXPECT_TRUE(submit(session, {}, attached->delivery.first_seq - 1 + messages.size()));
    return messages;
  }

  template <class Message>
  Message only(const SessionInfo& session) {
    const auto messages = read(session);
    EXPECT_EQ(messages.size(), 1U);
    if (messages.empty() || !std::holds_alternative<Message>(messages.front())) {
      return ADD_FAILURE() << (messages.empty() ? "nothing" : encode(messages.front())), Message{};
    }
    return std::get<Message>(messages.front());
  }

  static operation::Signal to(const SessionInfo& peer, std::string data,
                              SignalKind kind = SignalKind::Other,
                              std::optional<GenerationNo> gen = std::nullopt) {
    return {peer.standing.peer, std::move(data), kind, gen};
  }

  std::pair<SessionInfo, SessionInfo> pair() {
    SessionInfo ann = open();
    SessionInfo bob = open();
    act(ann, operation::Join{"lobby", "Ann", 2});
    act(bob, operation::Join{"lobby", "Bob", 2});
    read(ann);
    read(bob);
    return {ann, bob};
  }

  std::vector<SessionInfo> three_in_a_room() {
    std::vector<SessionInfo> all(3);
    for (SessionInfo& each : all) {
      each = open();
      act(each, operation::Join{"big", "", 3});
    }
    return all;
  }

  // Waits in a queue and is away.
  SessionInfo away_in_queue(operation::Match match) {
    SessionInfo session = open();
    act(session, std::move(match));
    only<server::Matching>(session);
    detach(session, attach(session)->receive);
    engine_->advance(5s);
    return session;
  }

  std::unique_ptr<EngineUnderTest> engine_;
  std::vector<std::pair<SessionId, ReceiveId>> wakes_;
  std::vector<std::tuple<SessionId, ReceiveId, End>> ends_;
};

}  // namespace icebreaker::signaling::testing
