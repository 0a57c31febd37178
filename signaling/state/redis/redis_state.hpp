// The state engine of many instances: sessions live in Redis, each call is one script run there,
// and instances wake each other through a channel. What this object itself remembers are the
// receives that are open at this instance, to keep them alive and to open them again after a
// reconnect.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/deadline_queue.hpp"
#include "common/base/random.hpp"
#include "signaling/state/redis/lineage.hpp"
#include "signaling/state/redis/link.hpp"
#include "signaling/state/redis/notices.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

class RedisState final : public State, private RedisLinkListener {
 public:
  // Randomness and link outlive this. `notify` may be empty.
  RedisState(StateConfig config, RandomSource& random, RedisLink& link,
             RedisNoticeSink notify = {});

  void set_listener(StateListener& listener) override { listener_ = &listener; }

  void open(Now now, OpenRequest request, Completion<SessionInfo> done) override;
  void resume(Now now, ResumeRequest request, Completion<SessionInfo> done) override;
  void attach(Now now, AttachRequest request, Completion<Attached> done) override;
  void fetch(Now now, FetchRequest request, Completion<Delivery> done) override;
  void detach(Now now, const SessionId& session, ReceiveId receive) override;
  void submit(Now now, Submission submission, Completion<Submitted> done) override;
  void close(Now now, const SessionId& session, Epoch epoch, Completion<Submitted> done) override;
  void charge(Now now, std::vector<RateCharge> charges,
              Completion<std::optional<std::chrono::milliseconds>> done) override;

  [[nodiscard]] std::optional<std::string> unready_reason(Now now) const override {
    return link_.unready_reason(now);
  }

  void on_deadline(Now now) override;

  [[nodiscard]] std::optional<MonoTime> next_deadline() const override { return next_beat_; }

 private:
  void on_up(Now now, std::string_view incarnation) override;
  void on_down(Now now) override;
  void on_message(Now now, std::string_view payload) override;

  struct OpenReceive {
    ReceiveId receive;
    ReceiveMode mode = ReceiveMode::Poll;
  };

  using Held = std::pair<SessionId, ReceiveId>;

  // Whether those found open may have missed a wake-up.
  enum class Hints : std::uint8_t { Complete, Missed };

  // The first argument of most scripts: the configuration, and randomness for one run.
  std::string packed_config();
  void run(Script script, std::vector<std::string> words, RedisLink::Done done);
  std::expected<RedisReply, StateError> without_mark(Now now, RedisReply reply);
  void tell(Lineage::News news);
  void on_fetched(const FetchRequest& request, const std::expected<Delivery, StateError>& delivery);
  void remember(Now now, const SessionId& session, OpenReceive receive);
  void forget(const SessionId& session, ReceiveId receive);
  void beat(Now now, Hints hints);
  void beat_for(std::span<const SessionId> sessions, Hints hints);
  void on_beaten(Now now, const std::vector<Held>& held, Hints hints, const RedisReply& reply);
  void on_still_open(Now now, const Held& held, Hints hints);
  [[nodiscard]] bool is_open(const Held& held) const;
  void end_receive(Now now, const Held& held, StateListener::End end);
  void renew_all(Now now);
  void reap();

  StateConfig config_;
  RandomSource& random_;
  RedisLink& link_;
  RedisNoticeSink notify_;
  StateListener* listener_ = nullptr;
  std::string incarnation_;
  Lineage lineage_;
  std::optional<MonoTime> next_beat_;  // while connected
  std::map<SessionId, OpenReceive> receives_;
  DeadlineQueue<SessionId> renewals_;
  std::vector<Held> unfetched_;  // could not be asked for what they were hinted at
};

}  // namespace icebreaker::signaling
