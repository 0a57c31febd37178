// Calls of a state engine that are waited for, for tests that know what is true rather than what
// another engine says.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "tests/unit/signaling/state/memory_engine.hpp"
#include "tests/unit/signaling/state/redis_engine.hpp"

namespace icebreaker::signaling::testing {

class StateDriver : public StateListener {
 public:
  explicit StateDriver(EngineUnderTest& engine) : engine_{engine} {
    engine.state().set_listener(*this);
  }

  void on_wake(Now /*now*/, const SessionId& /*session*/, ReceiveId /*receive*/) override {}

  void on_receive_ended(Now /*now*/, const SessionId& /*session*/, ReceiveId /*receive*/,
                        End /*end*/) override {}

  [[nodiscard]] MonoTime time() { return engine_.now().mono; }

  void advance(std::chrono::milliseconds by) { engine_.advance(by); }

  std::optional<SessionInfo> open() {
    return wait<SessionInfo>([&](auto done) { state().open(now(), {}, std::move(done)); });
  }

  // Who it is now; nobody is told, and presence stays as it is.
  std::optional<SessionInfo> look_up(const SessionInfo& session) {
    return wait<SessionInfo>([&](auto done) {
      state().resume(now(), {session.session, session.epoch, {}, ResumeRequest::Purpose::LookUp},
                     std::move(done));
    });
  }

  std::optional<Attached> attach(const SessionInfo& session) {
    return wait<Attached>([&](auto done) {
      state().attach(now(), {{session.session, session.epoch, {}}, ReceiveMode::Stream},
                     std::move(done));
    });
  }

  void detach(const SessionInfo& session, ReceiveId receive) {
    state().detach(now(), session.session, receive);
    engine_.settle();
  }

  std::optional<Submitted> acknowledge(const SessionInfo& session, Seq seq) {
    return submit({session.session, session.epoch, seq, {}});
  }

  // With the session's next number.
  std::optional<Submitted> act(SessionInfo& session, Operation operation) {
    return submit(
        {session.session, session.epoch, {}, {{++session.received, std::move(operation)}}});
  }

 private:
  State& state() { return engine_.state(); }

  Now now() { return engine_.now(); }

  std::optional<Submitted> submit(Submission submission) {
    return wait<Submitted>(
        [&](auto done) { state().submit(now(), std::move(submission), std::move(done)); });
  }

  template <class T, class Call>
  std::optional<T> wait(Call call) {
    std::optional<T> answer;
    call(Completion<T>{[&answer](Now, std::expected<T, StateError> result) {
      if (result) answer = *std::move(result);
    }});
    engine_.settle();
    return answer;
  }

  EngineUnderTest& engine_;
};

}  // namespace icebreaker::signaling::testing
