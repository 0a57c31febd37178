// Signaling messages to and from JSON text. The only place that knows nlohmann/json; input is
// bounded in size and depth before it is parsed, and nothing throws.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/signaling/messages.hpp"

namespace icebreaker::signaling {

// Why a text was refused. With `n` the refusal uses up that number and is answered by a numbered
// error; without it nothing of the input can be taken.
struct DecodeError {
  ErrorCode code = ErrorCode::BadMessage;
  std::string message;
  std::optional<SendNo> n;
  bool operator==(const DecodeError&) const = default;
};

// One WebSocket frame, or one element of a POST. Bounded by limits.message_bytes (too_large).
std::expected<ClientEnvelope, DecodeError> decode_client(std::string_view text,
                                                         const Limits& limits);
// Bounded by limits.body_bytes; the elements of `messages` are for decode_client.
std::expected<PostBody, DecodeError> decode_post(std::string_view body, const Limits& limits);
// A client's side: one frame or one element of a poll's `messages`. With unknown_type, `n` is the
// seq of the message, which a client acknowledges all the same: its server may be newer.
std::expected<ServerEnvelope, DecodeError> decode_server(std::string_view text);
// {"messages":[…]} of a poll: each element's text.
std::expected<std::vector<std::string>, DecodeError> decode_poll(std::string_view body);
// {"received":N} of a POST.
std::expected<SendNo, DecodeError> decode_received(std::string_view body);

// A message without its number, on one line: the form that mailboxes keep.
std::string encode(const ServerMessage& message);
// As server::Signal.
std::string encode_signal(const PeerId& from, std::string_view data,
                          std::optional<GenerationNo> gen);
std::string encode(const ServerEnvelope& envelope);
std::string encode(const ClientEnvelope& envelope);
std::string encode(const PostBody& body);
// Puts `"seq":N` into an encoded message.
std::string with_seq(std::string_view encoded, Seq seq);
// Puts `"resume_token":"…"` into an encoded `joined` or `matched`; the token is URL-safe text.
std::string with_resume_token(std::string_view encoded, std::string_view token);
// {"messages":[…]} from numbered texts.
std::string encode_poll(std::span<const std::string> numbered);
std::string encode_received(SendNo received);

}  // namespace icebreaker::signaling
