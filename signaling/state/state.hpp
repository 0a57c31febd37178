// What the hub asks of shared signaling state: sessions, mailboxes, rooms, queues, presence.
// Engines: memory (one instance) and Redis; both pass tests/unit/signaling/state/contract. Every
// call may complete at once or later; an engine completes the calls of one hub in the order they
// were made, and never calls back from inside a call that it has not finished.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/gcra.hpp"
#include "common/base/strong_id.hpp"
#include "common/base/time.hpp"
#include "common/signaling/messages.hpp"

namespace icebreaker::signaling {

struct StateConfig {
  std::chrono::milliseconds away_after{3'000};
  std::chrono::milliseconds resume_window{60'000};
  std::chrono::milliseconds tombstone{60'000};  // how long an expired session answers SessionLost
  std::size_t sessions = 0;                     // of all instances together, roughly; 0 = no limit
  std::size_t mailbox_messages = 256;
  std::size_t mailbox_bytes = 256 * std::size_t{1024};
  // Ratings further apart than their windows meet when both have waited: the window grows by this
  // share of itself each second.
  double rating_window_growth_per_s = 0.1;
};

enum class StateError : std::uint8_t {
  UnknownSession,  // never was, said bye, or its tombstone is gone: 404
  SessionLost,     // expired, replaced, other epoch, `after` never sent: 410
  Superseded,      // a newer receive took over: 409
  Unavailable,     // the engine cannot be reached: 503, never a verdict on the session
};

// Counts the receives of one session; a newer one supersedes the older.
using ReceiveId = StrongId<struct ReceiveTag, std::uint64_t>;

struct Membership {
  std::string room;
  std::string name;
  Role role = Role::Impolite;
  std::uint32_t capacity = 2;
  bool operator==(const Membership&) const = default;
};

// Who a session is: what a resume token vouches for.
struct Standing {
  PeerId peer;
  std::string user;
  std::optional<Membership> membership;
  std::string grants;  // what the session may do: the hub's words, which engines only keep
  bool operator==(const Standing&) const = default;
};

struct OpenRequest {
  std::string user;
  std::string near;  // the room or queue that the session will join; a hint
  std::string grants;
  // From a verified resume token, in place of user and grants: the same peer id comes back, joins
  // its room again, and any other session of that peer ends.
  std::optional<Standing> recreate;
};

struct ResumeRequest {
  SessionId session;
  Epoch epoch = 0;
  std::optional<Seq> after;  // acknowledges; absent = nothing new
  // Of State::resume: a welcome with an ICE server list follows, or the hub only asks who it is,
  // which leaves Attached::ice_age alone. The lease is renewed either way.
  enum class Purpose : std::uint8_t { Welcome, LookUp } purpose = Purpose::Welcome;
};

struct SessionInfo {
  SessionId session;
  Epoch epoch = 0;
  Seq acked = 0;
  SendNo received = 0;
  Standing standing;
};

// Stream: open until detach (WebSocket, SSE). Poll: ends by itself when there is something to
// return.
enum class ReceiveMode : std::uint8_t { Poll, Stream };

// An encoded message without its number. NeedsToken: the hub adds the resume token on delivery.
struct Frame {
  enum class Kind : std::uint8_t { Plain, Signal, NeedsToken };
  std::string text;
  Kind kind = Kind::Plain;
  bool operator==(const Frame&) const = default;
};

struct Delivery {
  Seq first_seq = 0;  // number of frames.front()
  std::vector<Frame> frames;
  std::optional<Standing> standing;  // set when a frame needs a token
};

struct AttachRequest {
  ResumeRequest resume;
  ReceiveMode mode = ReceiveMode::Poll;
};

struct Attached {
  ReceiveId receive;
  Standing standing;
  Delivery delivery;  // everything that is not acknowledged
  // Since the session was last given an ICE server list (open, resume, Answer with ice).
  std::chrono::milliseconds ice_age{0};
};

struct FetchRequest {
  SessionId session;
  ReceiveId receive;
  Seq after = 0;                           // already delivered, not necessarily acknowledged
  ReceiveMode mode = ReceiveMode::Stream;  // Poll: the receive ends when there are frames
};

// What a session does. Errors of an operation go to the session's own mailbox, as `error` with n.
namespace operation {

// A message to oneself: a refusal of the hub, an ICE server list. Fresh restarts Attached::ice_age.
struct Answer {
  enum class Ice : std::uint8_t { None, Fresh };
  std::string frame;
  Ice ice = Ice::None;
};

struct Join {
  std::string room;
  std::string name;
  std::uint32_t capacity = 2;  // of the room when this creates it
};

using Leave = client::Leave;
using Signal = client::Signal;
using Match = client::Match;
using MatchCancel = client::MatchCancel;
using Watch = client::Watch;
using Unwatch = client::Unwatch;
using Bye = client::Bye;

}  // namespace operation

using Operation = std::variant<operation::Answer, operation::Join, operation::Leave,
                               operation::Signal, operation::Match, operation::MatchCancel,
                               operation::Watch, operation::Unwatch, operation::Bye>;

struct NumberedOperation {
  std::optional<SendNo> n;  // absent: not from the client, always done
  Operation operation;
};

// One step per operation: the number is taken and the work is done, or neither.
struct Submission {
  SessionId session;
  Epoch epoch = 0;
  std::optional<Seq> ack;
  std::vector<NumberedOperation> operations;
};

struct Submitted {
  SendNo received = 0;             // the highest n taken
  std::optional<SendNo> expected;  // a gap: what came before it is done, the rest is not
  std::uint32_t duplicates = 0;
  std::uint32_t stale = 0;               // dropped for an older `gen`
  std::uint32_t crowded_out = 0;         // candidates that waited for a description in vain
  std::vector<ErrorCode> refusals;       // told to the sender; for counting
  std::vector<ErrorCode> refused_joins;  // of them, those of joins
};

// Keys are names of the hub's: `open` of an address prefix, `join` of a user …
using RateCharge = GcraCharge<std::string>;
// Nothing: charged. Otherwise refused, and after how long to try again.
using RateWait = std::optional<std::chrono::milliseconds>;

// Called by the engine, never from inside a call of the hub's that has not finished.
class StateListener {
 public:
  virtual ~StateListener() = default;

  // A hint: frames may have come since the last attach or fetch.
  virtual void on_wake(Now now, const SessionId& session, ReceiveId receive) = 0;

  // A hint to a Stream that brings along what came, so that it need not be fetched.
  // NOLINTBEGIN(performance-unnecessary-value-param): overriders keep it.
  virtual void on_frames(Now now, const SessionId& session, ReceiveId receive,
                         Delivery /*delivery*/) {
    on_wake(now, session, receive);
  }
  // NOLINTEND(performance-unnecessary-value-param)

  enum class End : std::uint8_t { Superseded, Closed, Lost };
  // The receive is over: a newer one came, the session was closed, or it was lost or replaced.
  virtual void on_receive_ended(Now now, const SessionId& session, ReceiveId receive, End end) = 0;
};

template <class T>
using Completion = std::move_only_function<void(Now, std::expected<T, StateError>)>;

class State {
 public:
  virtual ~State() = default;

  // Called once, before anything else.
  virtual void set_listener(StateListener& listener) = 0;

  virtual void open(Now now, OpenRequest request, Completion<SessionInfo> done) = 0;
  virtual void resume(Now now, ResumeRequest request, Completion<SessionInfo> done) = 0;
  // Opens a receive, which supersedes an older one. A Poll that finds frames is over at once.
  virtual void attach(Now now, AttachRequest request, Completion<Attached> done) = 0;
  virtual void fetch(Now now, FetchRequest request, Completion<Delivery> done) = 0;
  // The receive ended without an answer; away and left are timed from here.
  virtual void detach(Now now, const SessionId& session, ReceiveId receive) = 0;
  virtual void submit(Now now, Submission submission, Completion<Submitted> done) = 0;
  // Ends the session; its peers get `peer-left` with `bye`.
  virtual void close(Now now, const SessionId& session, Epoch epoch,
                     Completion<Submitted> done) = 0;
  // Rate limits that all instances share, under different keys. All or nothing.
  virtual void charge(Now now, std::vector<RateCharge> charges, Completion<RateWait> done) = 0;

  // Why this instance should get no new clients now, in words for /readyz and the log.
  [[nodiscard]] virtual std::optional<std::string> unready_reason(Now now) const = 0;

  virtual void on_deadline(Now now) = 0;
  [[nodiscard]] virtual std::optional<MonoTime> next_deadline() const = 0;
};

}  // namespace icebreaker::signaling
