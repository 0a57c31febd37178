// The state engine of a single instance: everything in this process, nothing to install. Completes
// every call before it returns, unless it is called from inside a completion: then right after.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.hpp"
#include "signaling/state/matchmaker.hpp"
#include "signaling/state/presence_book.hpp"
#include "signaling/state/rooms.hpp"
#include "signaling/state/session_table.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

class MemoryState final : public State {
 public:
  // The random source outlives this.
  MemoryState(StateConfig config, RandomSource& random);

  void set_listener(StateListener& listener) override { listener_ = &listener; }

  void open(Now now, OpenRequest request, Completion<SessionInfo> done) override;
  void resume(Now now, ResumeRequest request, Completion<SessionInfo> done) override;
  void attach(Now now, AttachRequest request, Completion<Attached> done) override;
  void fetch(Now now, FetchRequest request, Completion<Delivery> done) override;
  void detach(Now now, const SessionId& session, ReceiveId receive) override;
  void submit(Now now, Submission submission, Completion<Submitted> done) override;
  void close(Now now, const SessionId& session, Epoch epoch, Completion<Submitted> done) override;
  void charge(Now now, std::vector<RateCharge> charges, Completion<RateWait> done) override;

  [[nodiscard]] std::optional<std::string> unready_reason(Now /*now*/) const override {
    return std::nullopt;
  }

  void on_deadline(Now now) override;
  [[nodiscard]] std::optional<MonoTime> next_deadline() const override;

  struct Sizes {
    std::size_t sessions = 0;
    std::size_t tombstones = 0;
    std::size_t rooms = 0;
    std::size_t waiting = 0;
    std::size_t users = 0;
    std::size_t debts = 0;
    bool operator==(const Sizes&) const = default;
  };

  [[nodiscard]] Sizes sizes() const;

 private:
  using Outcome = std::expected<Dropped, ErrorCode>;
  using End = StateListener::End;

  std::expected<SessionInfo, StateError> do_open(Now now, const OpenRequest& request);
  std::expected<SessionInfo, StateError> do_resume(Now now, const ResumeRequest& request);
  std::expected<Attached, StateError> do_attach(Now now, const AttachRequest& request);
  std::expected<Delivery, StateError> do_fetch(Now now, const FetchRequest& request);
  std::expected<Submitted, StateError> do_submit(Now now, const Submission& submission);
  std::expected<Session*, StateError> acknowledge(const SessionId& id, Epoch epoch,
                                                  std::optional<Seq> ack);

  void recreate(Session& fresh, Session* old, const Membership& membership);
  Delivery delivery_of(const Session& session, Seq after) const;
  void become_present(Now now, Session& session);
  void become_away(Now now, Session& session);

  Outcome apply(Now now, Session& session, const operation::Answer& answer);
  Outcome apply(Now now, Session& session, const operation::Join& join);
  Outcome apply(Now now, Session& session, const operation::Leave& leave);
  Outcome apply(Now now, Session& session, const operation::Signal& signal);
  Outcome apply(Now now, Session& session, const operation::Match& match);
  Outcome apply(Now now, Session& session, const operation::MatchCancel& cancel);
  Outcome apply(Now now, Session& session, const operation::Watch& watch);
  Outcome apply(Now now, Session& session, const operation::Unwatch& unwatch);
  Outcome apply(Now now, Session& session, const operation::Bye& bye);

  void leave_room(Now now, Session& session, LeaveReason reason);
  void enqueue(Now now, MatchTicket ticket);
  void look_for_group(Now now, const Session& session);

  struct Ending {
    LeaveReason reason = LeaveReason::Expired;
    SessionTable::Trace trace = SessionTable::Trace::Tombstone;
    End end = End::Lost;
  };

  void end_session(Now now, Session& session, Ending ending);
  void end_overflowed(Now now);
  void on_absent(Now now, Session& session);

  // Runs after the state is whole again: completions and notifications, in order, never nested.
  void later(std::move_only_function<void()> task);
  template <class T>
  void complete(Now now, Completion<T> done, std::expected<T, StateError> result);
  void wake(Now now, const SessionId& id);
  void finish(Now now);

  StateConfig config_;
  SessionTable sessions_;
  Rooms rooms_;
  Matchmaker matchmaker_;
  PresenceBook presence_;
  GcraTable<std::string> rates_;
  StateListener* listener_ = nullptr;
  std::deque<std::move_only_function<void()>> tasks_;
  bool running_ = false;
};

}  // namespace icebreaker::signaling
