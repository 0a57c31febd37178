#include "common/signaling_client/session_state.hpp"

#include <algorithm>
#include <utility>

#include "common/signaling/json_codec.hpp"

namespace icebreaker::signaling_client {
namespace {

using signaling::SendNo;

constexpr std::size_t kKeptMessages = 128;

std::string text_of(SendNo n, const signaling::ClientMessage& message) {
  return signaling::encode(signaling::ClientEnvelope{n, message});
}

}  // namespace

std::optional<signaling::client::Resume> SessionState::resume_point() const {
  if (session_.value.empty() || abandoned_) return std::nullopt;
  return signaling::client::Resume{session_, epoch_, last_seq_};
}

SessionState::Enqueued SessionState::enqueue(signaling::ClientMessage message) {
  const std::size_t bytes = text_of(signaling::kMaxWireInteger, message).size();
  if (bytes > limits_.message_bytes) return Enqueued::TooLarge;
  waiting_.push_back({++orders_, 0, bytes, std::move(message)});
  return Enqueued::Yes;
}

SessionState::Entry* SessionState::next_unsent() {
  const SendNo index = sent_up_to_ - confirmed_;
  if (index < outbox_.size()) return &outbox_[index];
  return allowance_ > 0 && !waiting_.empty() ? &waiting_.front() : nullptr;
}

std::vector<SessionState::Unsent> SessionState::take_unsent(std::size_t max_bytes) {
  std::vector<Unsent> taken;
  std::size_t bytes = 0;
  while (Entry* entry = next_unsent()) {
    if (!taken.empty() && (bytes >= max_bytes || entry->bytes > max_bytes - bytes)) break;
    if (entry->n == 0) {
      entry->n = next_n_++;
      outbox_.push_back(std::move(*entry));
      waiting_.pop_front();
      entry = &outbox_.back();
      if (allowance_ != kUnlimited) --allowance_;
    }
    bytes += entry->bytes + 1;
    taken.push_back({entry->n, text_of(entry->n, entry->message)});
    sent_up_to_ = entry->n;
  }
  return taken;
}

void SessionState::confirm(SendNo n) {
  // A server that has seen more than was sent is of no use as a guide to what to drop.
  if (n <= confirmed_ || n >= next_n_) return;
  for (; confirmed_ < n; ++confirmed_) {
    kept_.push_back(std::move(outbox_.front()));
    outbox_.pop_front();
  }
  while (kept_.size() > kKeptMessages) kept_.pop_front();
  sent_up_to_ = std::max(sent_up_to_, n);
}

bool SessionState::retry(SendNo n) {
  confirm(n);
  const auto refused = std::ranges::find(kept_, n, &Entry::n);
  if (refused == kept_.end()) return false;
  Entry entry = std::move(*refused);
  kept_.erase(refused);
  entry.n = 0;
  const auto later = std::ranges::upper_bound(waiting_, entry.order, {}, &Entry::order);
  waiting_.insert(later, std::move(entry));
  return true;
}

SessionState::Rewound SessionState::rewind_to(SendNo expected) {
  if (expected <= confirmed_ || expected > next_n_) return Rewound::ServerForgot;
  confirm(expected - 1);
  rewind();
  return Rewound::Yes;
}

SessionState::Arrival SessionState::receive(signaling::Seq seq) {
  if (seq <= last_seq_) return Arrival::Duplicate;
  if (seq > last_seq_ + 1) return Arrival::Gap;
  last_seq_ = seq;
  return Arrival::New;
}

SessionState::Welcomed SessionState::apply(const signaling::server::Welcome& welcome) {
  const bool first = session_.value.empty();
  const bool resumed = welcome.resumed && welcome.session == session_ && !abandoned_;
  abandoned_ = false;
  session_ = welcome.session;
  peer_ = welcome.peer;
  epoch_ = welcome.epoch;
  resume_token_ = welcome.resume_token;
  limits_ = welcome.limits;
  if (resumed) {
    confirm(welcome.received);
  } else {
    last_seq_ = welcome.seq;
    if (!first) restart_numbers();
  }
  rewind();
  return first ? Welcomed::First : resumed ? Welcomed::Resumed : Welcomed::Anew;
}

void SessionState::forget() {
  session_ = {};
  resume_token_.clear();
  last_seq_ = 0;
  restart_numbers();
}

void SessionState::drop_largest() {
  if (outbox_.empty()) return;
  const auto largest = std::ranges::max_element(outbox_, {}, &Entry::bytes);
  for (auto later = outbox_.erase(largest); later != outbox_.end(); ++later) --later->n;
  --next_n_;
  rewind();
}

// What was in flight is gone with the numbering; the application starts its exchange again.
void SessionState::restart_numbers() {
  waiting_.clear();
  outbox_.clear();
  kept_.clear();
  next_n_ = 1;
  sent_up_to_ = 0;
  confirmed_ = 0;
}

}  // namespace icebreaker::signaling_client
