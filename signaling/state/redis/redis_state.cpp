#include "signaling/state/redis/redis_state.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include "signaling/state/fresh_ids.hpp"
#include "signaling/state/redis/replies.hpp"
#include "signaling/state/redis/submit_words.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr auto kBeatInterval = 1s;
// Of all instances together; a little less than the beat, so that no beat comes just too early.
constexpr auto kReapInterval = 900ms;
constexpr auto kRenewInterval = 30s;
constexpr std::size_t kReceivesPerBeat = 256;
constexpr std::int64_t kReapedAtMost = 500;  // MOST in reap.lua
constexpr std::size_t kSeedBytes = 9;
constexpr std::size_t kPeerBytes = 9;
constexpr std::uint32_t kPartitions = 64;

void append_little_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i)
    out.push_back(static_cast<char>((value >> (8 * i)) & 0xFFU));
}

template <class Number>
void append_u32(std::string& out, Number value) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  append_little_endian(out, std::min(static_cast<std::uint64_t>(value), kMost), 4);
}

// As partition_of() in lua/lib/session.lua.
std::uint32_t partition_of(std::string_view name) {
  std::uint32_t hash = 0;
  for (const char c : name) hash = (hash * 31 + static_cast<unsigned char>(c)) % 65'521;
  return hash % kPartitions;
}

std::string text_of(const std::optional<Seq>& seq) {
  return seq ? std::to_string(*seq) : std::string{};
}

std::string letter_of(ReceiveMode mode) {
  return mode == ReceiveMode::Poll ? "P" : "S";
}

std::string letter_of(Role role) {
  return role == Role::Polite ? "p" : "i";
}

// A completion that reads the reply first.
template <class T, class Read>
RedisLink::Done reading(Completion<T> done, Read read) {
  return [done = std::move(done), read = std::move(read)](
             Now now, std::expected<RedisReply, StateError> reply) mutable {
    if (!reply) return done(now, std::unexpected(reply.error()));
    done(now, read(now, *std::move(reply)));
  };
}

}  // namespace

RedisState::RedisState(StateConfig config, RandomSource& random, RedisLink& link,
                       RedisNoticeSink notify)
    : config_{config}, random_{random}, link_{link}, notify_{std::move(notify)} {
  link_.set_listener(*this);
}

std::string RedisState::packed_config() {
  std::string packed;
  packed.reserve(6 * 4 + 8 + 2 * kSeedBytes);
  append_u32(packed, config_.away_after.count());
  append_u32(packed, config_.resume_window.count());
  append_u32(packed, config_.tombstone.count());
  append_u32(packed, config_.mailbox_messages);
  append_u32(packed, config_.mailbox_bytes);
  append_u32(packed, config_.sessions);
  append_little_endian(packed, std::bit_cast<std::uint64_t>(config_.rating_window_growth_per_s), 8);
  return packed.append(random_hex(random_, kSeedBytes));
}

void RedisState::run(Script script, std::vector<std::string> words, RedisLink::Done done) {
  link_.call(
      script, std::move(words),
      [this, done = std::move(done)](Now now, std::expected<RedisReply, StateError> reply) mutable {
        if (reply) reply = without_mark(now, *std::move(reply));
        done(now, std::move(reply));
      });
}

// Scripts answer the mark and what they have to say, which may be nothing.
std::expected<RedisReply, StateError> RedisState::without_mark(Now now, RedisReply reply) {
  RedisReply::Array* const parts = reply.array();
  const std::int64_t* const mark =
      parts == nullptr || parts->empty() ? nullptr : parts->front().integer();
  if (mark == nullptr) return std::unexpected(StateError::Unavailable);
  // Whoever is received here may be so no longer: the next beat asks.
  const Lineage::News news = lineage_.on_reply(static_cast<std::uint64_t>(*mark));
  if (news != Lineage::News::None) {
    for (const auto& [session, receive] : receives_) renewals_.set(session, now.mono);
  }
  tell(news);
  return parts->size() > 1 ? std::move((*parts)[1]) : RedisReply{};
}

void RedisState::tell(Lineage::News news) {
  if (news != Lineage::News::Era || !notify_) return;
  notify_({.level = RedisNotice::Level::Warn,
           .text = "Redis came back without the newest data, so that every session from before is "
                   "lost; clients open theirs again: did a replica lag, or a file lack its end?"});
}

void RedisState::open(Now /*now*/, OpenRequest request, Completion<SessionInfo> done) {
  const auto& recreate = request.recreate;
  SessionInfo opened{.session = {random_hex(random_, kSecretBytes)},
                     .epoch = random_epoch(random_),
                     .standing = {}};
  if (recreate) {
    opened.standing.peer = recreate->peer;
  } else {
    const std::uint32_t partition =
        request.near.empty() ? random_.below(kPartitions) : partition_of(request.near);
    opened.standing.peer.value =
        (partition < 10 ? "p0" : "p") + std::to_string(partition) + random_hex(random_, kPeerBytes);
  }
  std::vector<std::string> words{packed_config(),
                                 opened.standing.peer.value,
                                 opened.session.value,
                                 std::to_string(opened.epoch),
                                 recreate ? recreate->user : request.user,
                                 recreate ? recreate->grants : request.grants};
  if (recreate) {
    const Membership membership = recreate->membership.value_or(Membership{});
    words.insert(words.end(), {membership.room, membership.name, letter_of(membership.role),
                               std::to_string(membership.capacity)});
  }
  opened.session.value.append(opened.standing.peer.value);
  run(Script::Open, std::move(words),
      reading(std::move(done), [opened = std::move(opened)](Now, const RedisReply& reply) {
        return read_opened(reply, opened);
      }));
}

void RedisState::resume(Now /*now*/, ResumeRequest request, Completion<SessionInfo> done) {
  const bool welcomes = request.purpose == ResumeRequest::Purpose::Welcome;
  std::vector<std::string> words{packed_config(), request.session.value,
                                 std::to_string(request.epoch), text_of(request.after),
                                 welcomes ? "W" : "L"};
  run(Script::Resume, std::move(words),
      reading(std::move(done), [request = std::move(request)](Now, const RedisReply& reply) {
        return read_resumed(reply, request);
      }));
}

void RedisState::attach(Now /*now*/, AttachRequest request, Completion<Attached> done) {
  const ResumeRequest& resume = request.resume;
  std::vector<std::string> words{
      packed_config(),       resume.session.value,    std::to_string(resume.epoch),
      text_of(resume.after), letter_of(request.mode), incarnation_};
  run(Script::Attach, std::move(words),
      reading(std::move(done),
              [this, session = resume.session, mode = request.mode](Now now, RedisReply reply) {
                const auto opened = opened_receive(reply);
                auto attached = read_attached(std::move(reply), session);
                // It is open there, and nobody here would ever end it.
                if (!attached && opened) detach(now, session, *opened);
                const bool stays =
                    attached && (mode == ReceiveMode::Stream || attached->delivery.frames.empty());
                if (stays) remember(now, session, {attached->receive, mode});
                return attached;
              }));
}

void RedisState::fetch(Now /*now*/, FetchRequest request, Completion<Delivery> done) {
  std::vector<std::string> words{packed_config(),
                                 request.session.value,
                                 std::to_string(request.receive.value),
                                 std::to_string(request.after),
                                 letter_of(request.mode),
                                 incarnation_};
  run(Script::Fetch, std::move(words),
      [this, request = std::move(request), done = std::move(done)](
          Now now, std::expected<RedisReply, StateError> reply) mutable {
        std::expected<Delivery, StateError> delivery =
            reply ? read_delivery(*std::move(reply), request.session)
                  : std::unexpected(reply.error());
        on_fetched(request, delivery);
        done(now, std::move(delivery));
      });
}

void RedisState::on_fetched(const FetchRequest& request,
                            const std::expected<Delivery, StateError>& delivery) {
  if (!delivery && delivery.error() == StateError::Unavailable) {
    unfetched_.emplace_back(request.session, request.receive);
  } else if (!delivery || (request.mode == ReceiveMode::Poll && !delivery->frames.empty())) {
    forget(request.session, request.receive);
  }
}

void RedisState::detach(Now /*now*/, const SessionId& session, ReceiveId receive) {
  forget(session, receive);
  // When this is lost, so is the connection, and with it the receive.
  run(Script::Detach, {packed_config(), session.value, std::to_string(receive.value)},
      [](Now, const std::expected<RedisReply, StateError>&) {});
}

void RedisState::submit(Now /*now*/, Submission submission, Completion<Submitted> done) {
  std::vector<std::string> words{packed_config(), submission.session.value,
                                 std::to_string(submission.epoch), text_of(submission.ack)};
  const PeerId from = peer_of(submission.session);
  for (NumberedOperation& each : submission.operations) append_words(words, std::move(each), from);
  run(Script::Submit, std::move(words),
      reading(std::move(done), [](Now, const RedisReply& reply) { return read_submitted(reply); }));
}

void RedisState::close(Now /*now*/, const SessionId& session, Epoch epoch,
                       Completion<Submitted> done) {
  run(Script::Close, {packed_config(), session.value, std::to_string(epoch)},
      reading(std::move(done), [](Now, const RedisReply& reply) { return read_closed(reply); }));
}

void RedisState::charge(Now /*now*/, std::vector<RateCharge> charges,
                        Completion<std::optional<std::chrono::milliseconds>> done) {
  std::vector<std::string> words;
  for (auto& [key, events, rate] : charges) {
    if (rate.events == 0) continue;
    const auto interval = std::max(rate.period / rate.events, std::chrono::microseconds{1});
    words.insert(words.end(), {std::move(key), std::to_string((interval * events).count()),
                               std::to_string((rate.period * rate.burst).count())});
  }
  using Wait = std::optional<std::chrono::milliseconds>;
  link_.call(
      Script::Charge, std::move(words),
      reading(std::move(done), [](Now, const RedisReply& reply) -> std::expected<Wait, StateError> {
        const std::int64_t* wait = reply.integer();
        if (wait == nullptr) return std::unexpected(StateError::Unavailable);
        return *wait == 0 ? Wait{} : Wait{std::chrono::milliseconds{*wait}};
      }));
}

void RedisState::on_deadline(Now now) {
  if (!next_beat_ || *next_beat_ > now.mono) return;
  next_beat_ = now.mono + kBeatInterval;
  beat(now, Hints::Complete);
  reap();
  for (const Held& held : std::exchange(unfetched_, {})) {
    if (is_open(held)) listener_->on_wake(now, held.first, held.second);
  }
}

void RedisState::on_up(Now now, std::string_view incarnation) {
  incarnation_ = incarnation;
  lineage_.on_connected();
  unfetched_.clear();  // all are hinted at
  next_beat_ = now.mono + kBeatInterval;
  renew_all(now);
}

void RedisState::on_down(Now /*now*/) {
  next_beat_.reset();
}

void RedisState::on_message(Now now, std::string_view payload) {
  auto message = read_wake(payload);
  if (!message) return;
  lineage_.on_seen(message->mark);
  using enum StateListener::End;
  switch (message->what) {
    case 'w':
      return listener_->on_wake(now, message->session, message->receive);
    case 'f':
      return listener_->on_frames(now, message->session, message->receive,
                                  std::move(message->delivery));
    case 'S':
      return end_receive(now, {message->session, message->receive}, Superseded);
    case 'C':
      return end_receive(now, {message->session, message->receive}, Closed);
    case 'L':
      return end_receive(now, {message->session, message->receive}, Lost);
    default:
      return;  // of a newer version
  }
}

void RedisState::end_receive(Now now, const Held& held, StateListener::End end) {
  forget(held.first, held.second);
  listener_->on_receive_ended(now, held.first, held.second, end);
}

void RedisState::remember(Now now, const SessionId& session, OpenReceive receive) {
  OpenReceive& known = receives_[session];
  // Of two attaches under way at once the newer one holds, whichever is heard of last.
  if (known.receive > receive.receive) return;
  known = receive;
  renewals_.set(session, now.mono + kRenewInterval);
}

void RedisState::forget(const SessionId& session, ReceiveId receive) {
  const auto found = receives_.find(session);
  if (found == receives_.end() || found->second.receive != receive) return;
  receives_.erase(found);
  renewals_.erase(session);
}

void RedisState::renew_all(Now now) {
  for (const auto& [session, receive] : receives_) renewals_.set(session, now.mono);
  beat(now, Hints::Missed);
}

void RedisState::beat(Now now, Hints hints) {
  std::vector<SessionId> due;
  while (auto session = renewals_.pop_due(now.mono)) due.push_back(*std::move(session));
  for (const SessionId& session : due) renewals_.set(session, now.mono + kRenewInterval);
  std::span<const SessionId> rest{due};
  do {
    const auto batch = rest.first(std::min(rest.size(), kReceivesPerBeat));
    rest = rest.subspan(batch.size());
    beat_for(batch, hints);
  } while (!rest.empty());
}

void RedisState::beat_for(std::span<const SessionId> sessions, Hints hints) {
  std::vector<std::string> words{packed_config(), incarnation_,
                                 lineage_.is_enlisted() ? "" : lineage_.line(),
                                 std::to_string(lineage_.mark())};
  std::vector<Held> held;
  for (const SessionId& session : sessions) {
    const auto& [receive, mode] = receives_.at(session);
    words.insert(words.end(), {session.value, std::to_string(receive.value), letter_of(mode)});
    held.emplace_back(session, receive);
  }
  run(Script::Beat, std::move(words),
      [this, held = std::move(held), hints](Now now,
                                            const std::expected<RedisReply, StateError>& reply) {
        if (reply) on_beaten(now, held, hints, *reply);
      });
}

void RedisState::on_beaten(Now now, const std::vector<Held>& held, Hints hints,
                           const RedisReply& reply) {
  const RedisReply::Array* answers = reply.array();
  if (answers == nullptr || answers->size() != held.size() + 2) return;
  const std::string* const line = (*answers)[1].string();
  if (line != nullptr && !line->empty()) tell(lineage_.enlist(*line));
  for (std::size_t i = 0; i < held.size(); ++i) {
    const std::string* gone = (*answers)[i + 2].string();
    if (gone == nullptr) {
      on_still_open(now, held[i], hints);
    } else if (is_open(held[i])) {
      using enum StateListener::End;
      end_receive(now, held[i], *gone == "S" ? Superseded : Lost);
    }
  }
  // So slow to beat that others took this instance for dead and ended its receives.
  const std::int64_t* is_new = answers->front().integer();
  if (hints == Hints::Complete && is_new != nullptr && *is_new == 1) renew_all(now);
}

void RedisState::on_still_open(Now now, const Held& held, Hints hints) {
  const auto& [session, receive] = held;
  // Ended while the beat that opened it again was under way.
  if (!is_open(held)) return detach(now, session, receive);
  if (hints == Hints::Missed) listener_->on_wake(now, session, receive);
}

bool RedisState::is_open(const Held& held) const {
  const auto found = receives_.find(held.first);
  return found != receives_.end() && found->second.receive == held.second;
}

void RedisState::reap() {
  run(Script::Reap, {packed_config(), std::to_string(kReapInterval.count())},
      [this](Now /*now*/, const std::expected<RedisReply, StateError>& reply) {
        const std::int64_t* reaped = reply ? reply->integer() : nullptr;
        if (reaped != nullptr && *reaped >= kReapedAtMost) reap();
      });
}

}  // namespace icebreaker::signaling
