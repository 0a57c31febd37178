// What the scripts return, as values. A reply of another shape is Unavailable: this program and the
// scripts do not belong together.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "signaling/state/redis/link.hpp"
#include "signaling/state/state.hpp"

namespace icebreaker::signaling {

// The peer id within a session id; empty when that is none of ours.
PeerId peer_of(const SessionId& session);

std::expected<SessionInfo, StateError> read_opened(const RedisReply& reply, SessionInfo opened);
std::expected<SessionInfo, StateError> read_resumed(const RedisReply& reply,
                                                    const ResumeRequest& request);
// Of a reply to attach that may be unreadable further on; nothing: none was opened.
std::optional<ReceiveId> opened_receive(const RedisReply& reply);
std::expected<Attached, StateError> read_attached(RedisReply reply, const SessionId& session);
std::expected<Delivery, StateError> read_delivery(RedisReply reply, const SessionId& session);

// A message of the wake channel: `w5 <session>`, what happened to which receive of which session.
// With `f` follow the mark of the data (see lineage.hpp), the number of the first frame and the
// frames, each with its length before it.
struct WakeMessage {
  char what = 0;
  ReceiveId receive;
  SessionId session;
  std::uint64_t mark = 0;
  Delivery delivery;
};

std::optional<WakeMessage> read_wake(std::string_view payload);

std::expected<Submitted, StateError> read_submitted(const RedisReply& reply);
std::expected<Submitted, StateError> read_closed(const RedisReply& reply);

}  // namespace icebreaker::signaling
