// The client's side of the codec: for our C++ client and for tests that read what the hub writes.
#include <utility>

#include "common/signaling/json_codec.hpp"
#include "common/signaling/json_fields.hpp"
#include "common/signaling/json_scan.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::size_t kMaxText = 8192;
constexpr std::size_t kMaxRoomPeers = 1024;

using Decoder = ServerMessage (*)(JsonFields&, std::string_view text);

std::chrono::milliseconds milliseconds(JsonFields& in, const char* key) {
  return std::chrono::milliseconds{in.integer(key, Need::Required).value_or(0)};
}

PeerId peer_id(JsonFields& in, const char* key) {
  return {in.text(key, Need::Required, kMaxText)};
}

IceServer decode_ice_server(JsonFields& in, const Json& object) {
  JsonFields fields{object};
  IceServer server;
  if (const Json* urls = fields.array("urls"); urls != nullptr) {
    for (const Json& url : *urls) {
      if (url.is_string()) server.urls.push_back(url.get<std::string>());
    }
  }
  server.username = fields.text("username", Need::Optional, kMaxText);
  server.credential = fields.text("credential", Need::Optional, kMaxText);
  in.take_problem(fields);
  return server;
}

IceServerList decode_ice(JsonFields& in) {
  IceServerList list;
  list.ttl = std::chrono::seconds{in.integer("ice_ttl_s", Need::Required).value_or(0)};
  if (const Json* servers = in.array("ice_servers"); servers != nullptr) {
    for (const Json& each : *servers) {
      if (each.is_object()) list.servers.push_back(decode_ice_server(in, each));
    }
  }
  return list;
}

Limits decode_limits(JsonFields& in) {
  const Json* object = in.object("limits", Need::Required);
  if (object == nullptr) return {};
  JsonFields fields{*object};
  Limits limits;
  limits.message_bytes = fields.integer("message_bytes", Need::Required).value_or(0);
  limits.body_bytes = fields.integer("body_bytes", Need::Required).value_or(0);
  limits.mailbox_messages = fields.integer("mailbox_messages", Need::Required).value_or(0);
  limits.mailbox_bytes = fields.integer("mailbox_bytes", Need::Required).value_or(0);
  limits.room_capacity =
      static_cast<std::uint32_t>(fields.integer("room_capacity", Need::Required).value_or(0));
  in.take_problem(fields);
  return limits;
}

ServerMessage decode_welcome(JsonFields& in, std::string_view /*text*/) {
  server::Welcome welcome;
  welcome.session = {in.text("session", Need::Required, kMaxText)};
  welcome.peer = peer_id(in, "peer");
  welcome.epoch = in.integer("epoch", Need::Required).value_or(0);
  welcome.seq = in.integer("seq", Need::Required).value_or(0);
  welcome.received = in.integer("received", Need::Required).value_or(0);
  welcome.resumed = in.boolean("resumed");
  welcome.resume_token = in.text("resume_token", Need::Required, kMaxText);
  welcome.ice = decode_ice(in);
  welcome.hold = milliseconds(in, "hold_ms");
  welcome.ping = milliseconds(in, "ping_ms");
  welcome.away_after = milliseconds(in, "away_after_ms");
  welcome.resume_window = milliseconds(in, "resume_window_ms");
  welcome.limits = decode_limits(in);
  return welcome;
}

std::vector<server::Peer> decode_peers(JsonFields& in) {
  std::vector<server::Peer> peers;
  const Json* list = in.array("peers");
  if (list == nullptr) return peers;
  if (list->size() > kMaxRoomPeers) return in.fail("peers", "has too many elements"), peers;
  for (const Json& each : *list) {
    if (!each.is_object()) return in.fail("peers", "must hold objects"), peers;
    JsonFields fields{each};
    server::Peer peer;
    peer.peer = peer_id(fields, "peer");
    peer.name = fields.display_name("name");
    peer.role = fields.choice<Role>("role", kRoles);
    peer.presence = fields.boolean("away") ? Presence::Away : Presence::Here;
    in.take_problem(fields);
    peers.push_back(std::move(peer));
  }
  return peers;
}

ServerMessage decode_joined(JsonFields& in, std::string_view /*text*/) {
  server::Joined joined;
  joined.room = in.name("room", Need::Required);
  joined.peers = decode_peers(in);
  joined.role = in.choice<Role>("role", kRoles);
  joined.capacity = static_cast<std::uint32_t>(in.integer("capacity", Need::Required).value_or(0));
  joined.resume_token = in.text("resume_token", Need::Optional, kMaxText);
  return joined;
}

ServerMessage decode_peer_joined(JsonFields& in, std::string_view /*text*/) {
  return server::PeerJoined{in.name("room", Need::Required), peer_id(in, "peer"),
                            in.display_name("name"), in.choice<Role>("role", kRoles)};
}

ServerMessage decode_peer_left(JsonFields& in, std::string_view /*text*/) {
  return server::PeerLeft{in.name("room", Need::Required), peer_id(in, "peer"),
                          in.choice<LeaveReason>("reason", kLeaveReasons)};
}

ServerMessage decode_signal(JsonFields& in, std::string_view text) {
  server::Signal signal;
  signal.from = peer_id(in, "from");
  signal.gen = in.integer("gen", Need::Optional);
  in.object("data", Need::Required);
  signal.data = std::string{raw_member(text, "data").value_or("{}")};
  return signal;
}

ServerMessage decode_matching(JsonFields& in, std::string_view /*text*/) {
  server::Matching matching;
  matching.queue = in.name("queue", Need::Required);
  if (const auto position = in.integer("position", Need::Optional)) {
    matching.position = static_cast<std::uint32_t>(*position);
  }
  return matching;
}

ServerMessage decode_matched(JsonFields& in, std::string_view /*text*/) {
  server::Matched matched;
  matched.queue = in.name("queue", Need::Required);
  matched.room = in.name("room", Need::Required);
  matched.peers = decode_peers(in);
  matched.role = in.choice<Role>("role", kRoles);
  matched.resume_token = in.text("resume_token", Need::Optional, kMaxText);
  return matched;
}

ServerMessage decode_error(JsonFields& in, std::string_view /*text*/) {
  server::Error error;
  error.code = in.choice<ErrorCode>("code", kErrorCodes);
  error.message = in.text("message", Need::Required, kMaxText);
  error.n = in.integer("n", Need::Optional, 1);
  error.expected = in.integer("expected", Need::Optional, 1);
  if (const auto ms = in.integer("retry_after_ms", Need::Optional)) {
    error.retry_after = std::chrono::milliseconds{*ms};
  }
  return error;
}

constexpr std::array<Decoder, kServerTypes.size()> kDecoders{
    decode_welcome,
    decode_joined,
    decode_peer_joined,
    [](JsonFields& in, std::string_view) -> ServerMessage {
      return server::PeerAway{in.name("room", Need::Required), peer_id(in, "peer")};
    },
    [](JsonFields& in, std::string_view) -> ServerMessage {
      return server::PeerBack{in.name("room", Need::Required), peer_id(in, "peer")};
    },
    decode_peer_left,
    decode_signal,
    decode_matching,
    decode_matched,
    [](JsonFields& in, std::string_view) -> ServerMessage {
      return server::MatchCancelled{in.name("queue", Need::Required)};
    },
    [](JsonFields& in, std::string_view) -> ServerMessage {
      return server::UserPresence{in.name("user", Need::Required), in.boolean("online")};
    },
    [](JsonFields& in, std::string_view) -> ServerMessage {
      return server::IceServers{decode_ice(in)};
    },
    [](JsonFields& in, std::string_view) -> ServerMessage {
      return server::Ack{in.integer("n", Need::Required).value_or(0)};
    },
    [](JsonFields& in, std::string_view) -> ServerMessage {
      return server::Goaway{milliseconds(in, "after_ms")};
    },
    decode_error,
};

DecodeError bad_message(std::string what) {
  return {ErrorCode::BadMessage, std::move(what), {}};
}

}  // namespace

std::optional<Json> parse_json(std::string_view text, std::size_t max_depth) {
  // The parser skips a byte order mark and stops at a NUL, json_scan does not.
  if (text.starts_with("\xEF\xBB\xBF") || text.find('\0') != text.npos) return std::nullopt;
  if (!is_depth_within(text, max_depth)) return std::nullopt;
  Json parsed = Json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return std::nullopt;
  return parsed;
}

std::expected<ServerEnvelope, DecodeError> decode_server(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return std::unexpected(bad_message("not a JSON object"));
  JsonFields fields{*parsed};
  const auto index = index_of(kServerTypes, fields.text("type", Need::Required, kMaxNameLength));
  if (!index) {
    const auto seq = fields.integer("seq", Need::Optional, 1);
    return std::unexpected(DecodeError{ErrorCode::UnknownType, "unknown message type", seq});
  }
  ServerMessage message = kDecoders.at(*index)(fields, text);
  // The seq of a welcome is not its number but what it tells.
  const bool numbered = !std::holds_alternative<server::Welcome>(message);
  const auto seq = numbered ? fields.integer("seq", Need::Optional, 1) : std::nullopt;
  if (fields.failed()) return std::unexpected(bad_message(fields.problem()));
  return ServerEnvelope{seq, std::move(message)};
}

std::expected<std::vector<std::string>, DecodeError> decode_poll(std::string_view body) {
  const auto parsed = parse_json(body, kMaxBodyDepth);
  if (!parsed || !parsed->is_object()) return std::unexpected(bad_message("not a JSON object"));
  JsonFields fields{*parsed};
  fields.array("messages");
  if (fields.failed()) return std::unexpected(bad_message(fields.problem()));
  std::vector<std::string> messages;
  for (const std::string_view each : raw_elements(raw_member(body, "messages").value_or("[]"))) {
    messages.emplace_back(each);
  }
  return messages;
}

std::expected<SendNo, DecodeError> decode_received(std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) return std::unexpected(bad_message("not a JSON object"));
  JsonFields fields{*parsed};
  const auto received = fields.integer("received", Need::Required);
  if (!received) return std::unexpected(bad_message(fields.problem()));
  return *received;
}

}  // namespace icebreaker::signaling
