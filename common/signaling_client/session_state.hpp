// The numbers of one signaling session: what was received, what still has to be acknowledged. Used
// by all transports of a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "common/signaling/messages.hpp"

namespace icebreaker::signaling_client {

class SessionState {
 public:
  enum class Arrival : std::uint8_t { New, Duplicate, Gap };
  enum class Welcomed : std::uint8_t { First, Resumed, Anew };
  enum class Enqueued : std::uint8_t { Yes, TooLarge };
  enum class Rewound : std::uint8_t { Yes, ServerForgot };
  static constexpr std::size_t kUnlimited = SIZE_MAX;

  struct Unsent {
    signaling::SendNo n = 0;
    std::string text;  // the message as JSON, with its number
  };

  [[nodiscard]] const signaling::SessionId& session() const { return session_; }

  [[nodiscard]] const signaling::PeerId& peer() const { return peer_; }

  [[nodiscard]] signaling::Epoch epoch() const { return epoch_; }

  [[nodiscard]] signaling::Seq last_seq() const { return last_seq_; }

  [[nodiscard]] const signaling::Limits& limits() const { return limits_; }

  [[nodiscard]] const std::string& resume_token() const { return resume_token_; }

  void set_resume_token(std::string token) { resume_token_ = std::move(token); }

  // How many messages may still go out for the first time.
  void set_allowance(std::size_t messages) { allowance_ = messages; }

  // Where to go on, unless the session is of no use.
  [[nodiscard]] std::optional<signaling::client::Resume> resume_point() const;

  // Sent and not confirmed.
  [[nodiscard]] std::size_t pending() const { return outbox_.size(); }

  // Sent on this transport and not confirmed.
  [[nodiscard]] std::size_t in_flight() const { return sent_up_to_ - confirmed_; }

  // Not sent yet.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  Enqueued enqueue(signaling::ClientMessage message);

  // What was not yet sent on this transport, oldest first: as much as fits, one at least.
  std::vector<Unsent> take_unsent(std::size_t max_bytes = kUnlimited);

  // Everything up to n arrived.
  void confirm(signaling::SendNo n);

  // The server used up a number without doing what the message asks: it goes out again, before all
  // that came after it. False when the message is not known any more.
  [[nodiscard]] bool retry(signaling::SendNo n);

  // Sends everything unconfirmed again, as a new transport must.
  void rewind() { sent_up_to_ = confirmed_; }

  // The answer to `bad_sequence`.
  Rewound rewind_to(signaling::SendNo expected);

  Arrival receive(signaling::Seq seq);
  Welcomed apply(const signaling::server::Welcome& welcome);

  // The server does not know this session as we do; only the resume token is still good.
  void abandon() { abandoned_ = true; }

  // Forgets everything that ties this client to a session of the past.
  void forget();

  // After close 1009 the refused message gives its number to the next one.
  void drop_largest();

 private:
  struct Entry {
    std::uint64_t order = 0;  // of being enqueued, which outlasts a number
    signaling::SendNo n = 0;  // 0 until it is sent for the first time
    std::size_t bytes = 0;    // of its JSON with the longest number
    signaling::ClientMessage message;
  };

  Entry* next_unsent();
  void restart_numbers();

  signaling::SessionId session_;
  signaling::PeerId peer_;
  signaling::Epoch epoch_ = 0;
  std::string resume_token_;
  signaling::Limits limits_;
  signaling::Seq last_seq_ = 0;
  signaling::SendNo confirmed_ = 0;
  signaling::SendNo next_n_ = 1;
  signaling::SendNo sent_up_to_ = 0;
  std::uint64_t orders_ = 0;
  std::size_t allowance_ = kUnlimited;
  bool abandoned_ = false;
  std::deque<Entry> waiting_;  // not sent yet, by order
  std::deque<Entry> outbox_;   // sent and not confirmed, by number: confirmed + 1, + 2, …
  std::deque<Entry> kept_;     // confirmed lately: a refusal may come after the confirmation
};

}  // namespace icebreaker::signaling_client
