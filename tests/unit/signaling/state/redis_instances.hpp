// Two instances on one Redis, and what tests let them do.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/signaling/json_codec.hpp"
#include "tests/unit/signaling/state/redis_engine.hpp"

namespace icebreaker::signaling::testing {

using End = StateListener::End;

struct Ended {
  SessionId session;
  ReceiveId receive;
  End end = End::Lost;
  bool operator==(const Ended&) const = default;
};

// A hub that only listens.
class Ears final : public StateListener {
 public:
  void on_wake(Now /*now*/, const SessionId& session, ReceiveId receive) override {
    wakes.emplace_back(session, receive);
  }

  void on_receive_ended(Now /*now*/, const SessionId& session, ReceiveId receive,
                        End end) override {
    ends.push_back({session, receive, end});
  }

  void on_frames(Now /*now*/, const SessionId& session, ReceiveId /*receive*/,
                 Delivery delivery) override {
    frames.emplace_back(session, std::move(delivery));
  }

  std::vector<std::pair<SessionId, ReceiveId>> wakes;
  std::vector<std::pair<SessionId, Delivery>> frames;
  std::vector<Ended> ends;
};

class RedisInstances : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisProcess::is_installed()) GTEST_SKIP() << "redis-server is not installed";
    engine_ = std::make_unique<RedisEngine>(StateConfig{});
    a_ = &engine_->instance(0);
    b_ = &engine_->add_instance();
    a_->state().set_listener(at_a_);
    b_->state().set_listener(at_b_);
  }

  template <class T, class Call>
  std::expected<T, StateError> wait(Call call) {
    std::optional<std::expected<T, StateError>> answer;
    call([&answer](Now, std::expected<T, StateError> result) { answer = std::move(result); });
    engine_->settle();
    if (!answer) {
      return ADD_FAILURE() << "never completed", std::unexpected(StateError::Unavailable);
    }
    return *std::move(answer);
  }

  SessionInfo open(RedisInstance& at, std::string user = "") {
    const auto opened = wait<SessionInfo>([&](Completion<SessionInfo> done) {
      at.state().open(engine_->now(), {std::move(user), "", "", std::nullopt}, std::move(done));
    });
    EXPECT_TRUE(opened);
    return opened.value_or(SessionInfo{});
  }

  std::expected<SessionInfo, StateError> resume(RedisInstance& at, const SessionInfo& session) {
    return wait<SessionInfo>([&](Completion<SessionInfo> done) {
      at.state().resume(engine_->now(), {session.session, session.epoch, {}}, std::move(done));
    });
  }

  std::expected<Attached, StateError> attach(RedisInstance& at, const SessionInfo& session,
                                             ReceiveMode mode = ReceiveMode::Stream,
                                             std::optional<Seq> after = std::nullopt) {
    return wait<Attached>([&](Completion<Attached> done) {
      at.state().attach(engine_->now(), {{session.session, session.epoch, after}, mode},
                        std::move(done));
    });
  }

  std::expected<Delivery, StateError> fetch(RedisInstance& at, const SessionInfo& session,
                                            ReceiveId receive, ReceiveMode mode, Seq after = 0) {
    return wait<Delivery>([&](Completion<Delivery> done) {
      at.state().fetch(engine_->now(), {session.session, receive, after, mode}, std::move(done));
    });
  }

  std::expected<Submitted, StateError> act(RedisInstance& at, SessionInfo& session,
                                           Operation operation) {
    return wait<Submitted>([&](Completion<Submitted> done) {
      at.state().submit(
          engine_->now(),
          {session.session, session.epoch, {}, {{++session.received, std::move(operation)}}},
          std::move(done));
    });
  }

  // All of them in one room, the mailboxes read.
  void gather(std::vector<SessionInfo*> sessions) {
    for (SessionInfo* each : sessions) {
      EXPECT_TRUE(act(*a_, *each, operation::Join{"lobby", "", 4}));
    }
    for (SessionInfo* each : sessions) read(*each);
  }

  // What is new, acknowledged.
  std::vector<ServerMessage> read(SessionInfo& session) {
    std::vector<ServerMessage> messages;
    const auto attached = attach(*a_, session, ReceiveMode::Stream, session.acked);
    if (!attached) return ADD_FAILURE() << "no attach", messages;
    for (const Frame& frame : attached->delivery.frames) {
      messages.push_back(decode_server(frame.text)->message);
    }
    session.acked = attached->delivery.first_seq - 1 + messages.size();
    EXPECT_TRUE(wait<Submitted>([&](Completion<Submitted> done) {
      a_->state().submit(engine_->now(), {session.session, session.epoch, session.acked, {}},
                         std::move(done));
    }));
    return messages;
  }

  static operation::Signal signal_to(const SessionInfo& peer) {
    return {peer.standing.peer, "{}", SignalKind::Other, {}};
  }

  std::unique_ptr<RedisEngine> engine_;
  RedisInstance* a_ = nullptr;
  RedisInstance* b_ = nullptr;
  Ears at_a_;
  Ears at_b_;
};

}  // namespace icebreaker::signaling::testing
