#include <utility>

#include <nlohmann/json.hpp>

#include "common/signaling/json_codec.hpp"
#include "common/signaling/json_plain.hpp"
#include "common/signaling/names.hpp"

namespace icebreaker::signaling {
namespace {

// Keeps the order of insertion, so that `type` comes first for people who read traffic.
using Json = nlohmann::ordered_json;

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Only the members that are there.
void put_text(Json& out, const char* key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

template <class T>
void put_optional(Json& out, const char* key, const std::optional<T>& value) {
  if (value) out[key] = *value;
}

std::string_view name_of(Role role) {
  return kRoles.at(static_cast<std::size_t>(role));
}

// Replaces the closing brace of an object by one more member, whose value is JSON text.
std::string with_member(std::string object, std::string_view key, std::string_view raw) {
  object.pop_back();
  if (object.size() > 1) object.push_back(',');
  object.append("\"").append(key).append("\":").append(raw).append("}");
  return object;
}

std::string joined_list(std::span<const std::string> elements) {
  std::string list{"["};
  for (const std::string& each : elements) {
    if (list.size() > 1) list.push_back(',');
    list.append(each);
  }
  return list.append("]");
}

void put_ice(Json& out, const IceServerList& ice) {
  Json servers = Json::array();
  for (const IceServer& server : ice.servers) {
    Json each{{"urls", server.urls}};
    put_text(each, "username", server.username);
    put_text(each, "credential", server.credential);
    servers.push_back(std::move(each));
  }
  out["ice_servers"] = std::move(servers);
  out["ice_ttl_s"] = ice.ttl.count();
}

Json peers_json(const std::vector<server::Peer>& peers) {
  Json list = Json::array();
  for (const server::Peer& peer : peers) {
    list.push_back({{"peer", peer.peer.value},
                    {"name", peer.name},
                    {"role", name_of(peer.role)},
                    {"away", peer.presence == Presence::Away}});
  }
  return list;
}

// The fields of one message go into an object that already has its `type`.
struct Fields {
  Json& out;

  void operator()(const client::Hello& hello) {
    out["protocol"] = hello.protocol;
    put_text(out, "token", hello.token);
    put_text(out, "user", hello.user);
    put_text(out, "room", hello.room);
    put_text(out, "queue", hello.queue);
    if (hello.resume) {
      out["resume"] = {{"session", hello.resume->session.value},
                       {"epoch", hello.resume->epoch},
                       {"after", hello.resume->after}};
    }
    put_text(out, "resume_token", hello.resume_token);
  }

  void operator()(const client::Join& join) {
    out["room"] = join.room;
    put_text(out, "name", join.name);
    put_optional(out, "capacity", join.capacity);
  }

  void operator()(const client::Leave& /*unused*/) {}

  void operator()(const client::Signal& signal) {
    out["to"] = signal.to.value;
    put_optional(out, "gen", signal.gen);
  }

  void operator()(const client::Match& match) {
    out["queue"] = match.queue;
    out["size"] = match.size;
    Json attributes = Json::object();
    for (const auto& [key, text] : match.attributes.equal) {
      attributes["equal"][key] = Json::parse(text, nullptr, false);
    }
    put_optional(attributes, "rating", match.attributes.rating);
    put_optional(attributes, "rating_window", match.attributes.rating_window);
    if (!attributes.empty()) out["attributes"] = std::move(attributes);
  }

  void operator()(const client::MatchCancel& cancel) { out["queue"] = cancel.queue; }

  void operator()(const client::Watch& watch) { out["users"] = watch.users; }

  void operator()(const client::Unwatch& unwatch) { out["users"] = unwatch.users; }

  void operator()(const client::Ice& /*unused*/) {}

  void operator()(const client::Ack& ack) { out["seq"] = ack.seq; }

  void operator()(const client::Bye& /*unused*/) {}

  void operator()(const server::Welcome& welcome) {
    out["session"] = welcome.session.value;
    out["peer"] = welcome.peer.value;
    out["epoch"] = welcome.epoch;
    out["seq"] = welcome.seq;
    out["received"] = welcome.received;
    out["resumed"] = welcome.resumed;
    out["resume_token"] = welcome.resume_token;
    put_ice(out, welcome.ice);
    out["hold_ms"] = welcome.hold.count();
    out["ping_ms"] = welcome.ping.count();
    out["away_after_ms"] = welcome.away_after.count();
    out["resume_window_ms"] = welcome.resume_window.count();
    out["limits"] = {{"message_bytes", welcome.limits.message_bytes},
                     {"body_bytes", welcome.limits.body_bytes},
                     {"mailbox_messages", welcome.limits.mailbox_messages},
                     {"mailbox_bytes", welcome.limits.mailbox_bytes},
                     {"room_capacity", welcome.limits.room_capacity}};
  }

  void operator()(const server::Joined& joined) {
    out["room"] = joined.room;
    out["peers"] = peers_json(joined.peers);
    out["role"] = name_of(joined.role);
    out["capacity"] = joined.capacity;
    put_text(out, "resume_token", joined.resume_token);
  }

  void operator()(const server::PeerJoined& joined) {
    out["room"] = joined.room;
    out["peer"] = joined.peer.value;
    out["name"] = joined.name;
    out["role"] = name_of(joined.role);
  }

  void operator()(const server::PeerAway& away) {
    out["room"] = away.room;
    out["peer"] = away.peer.value;
  }

  void operator()(const server::PeerBack& back) {
    out["room"] = back.room;
    out["peer"] = back.peer.value;
  }

  void operator()(const server::PeerLeft& left) {
    out["room"] = left.room;
    out["peer"] = left.peer.value;
    out["reason"] = kLeaveReasons.at(static_cast<std::size_t>(left.reason));
  }

  void operator()(const server::Signal& /*encoded apart*/) {}

  void operator()(const server::Matching& matching) {
    out["queue"] = matching.queue;
    put_optional(out, "position", matching.position);
  }

  void operator()(const server::Matched& matched) {
    out["queue"] = matched.queue;
    out["room"] = matched.room;
    out["peers"] = peers_json(matched.peers);
    out["role"] = name_of(matched.role);
    put_text(out, "resume_token", matched.resume_token);
  }

  void operator()(const server::MatchCancelled& cancelled) { out["queue"] = cancelled.queue; }

  void operator()(const server::UserPresence& presence) {
    out["user"] = presence.user;
    out["online"] = presence.online;
  }

  void operator()(const server::IceServers& servers) { put_ice(out, servers.ice); }

  void operator()(const server::Ack& ack) { out["n"] = ack.n; }

  void operator()(const server::Goaway& goaway) { out["after_ms"] = goaway.after.count(); }

  void operator()(const server::Error& error) {
    out["code"] = signaling::name_of(error.code);
    out["message"] = error.message;
    put_optional(out, "n", error.n);
    put_optional(out, "expected", error.expected);
    if (error.retry_after) out["retry_after_ms"] = error.retry_after->count();
  }
};

template <class Variant>
std::string encode_fields(Json start, const Variant& message) {
  std::visit(Fields{start}, message);
  return dump(start);
}

std::string quoted(const std::string& text) {
  std::string plain = '"' + text + '"';
  if (PlainJson{plain, 0}.string() != text) return dump(text);
  return plain;
}

}  // namespace

// Nearly all traffic, so it is put together without a tree of values.
std::string encode_signal(const PeerId& from, std::string_view data,
                          std::optional<GenerationNo> gen) {
  std::string text;
  text.reserve(data.size() + from.value.size() + 64);
  text.append(R"({"type":"signal","from":)").append(quoted(from.value));
  if (gen) text.append(R"(,"gen":)").append(std::to_string(*gen));
  return text.append(R"(,"data":)").append(data).append("}");
}

std::string encode(const ServerMessage& message) {
  if (const auto* signal = std::get_if<server::Signal>(&message)) {
    return encode_signal(signal->from, signal->data, signal->gen);
  }
  return encode_fields({{"type", kServerTypes.at(message.index())}}, message);
}

std::string encode(const ServerEnvelope& envelope) {
  if (!envelope.seq) return encode(envelope.message);
  return with_seq(encode(envelope.message), *envelope.seq);
}

std::string encode(const ClientEnvelope& envelope) {
  Json start{{"type", kClientTypes.at(envelope.message.index())}};
  put_optional(start, "n", envelope.n);
  std::string text = encode_fields(std::move(start), envelope.message);
  const auto* signal = std::get_if<client::Signal>(&envelope.message);
  return signal == nullptr ? text : with_member(std::move(text), "data", signal->data);
}

std::string encode(const PostBody& body) {
  Json start{{"epoch", body.epoch}};
  put_optional(start, "ack", body.ack);
  return with_member(dump(start), "messages", joined_list(body.messages));
}

std::string with_seq(std::string_view encoded, Seq seq) {
  std::string text;
  text.reserve(encoded.size() + 28);
  text.append("{\"seq\":").append(std::to_string(seq)).push_back(',');
  return text.append(encoded.substr(1));
}

std::string with_resume_token(std::string_view encoded, std::string_view token) {
  std::string quoted{"\""};
  quoted.append(token).append("\"");
  return with_member(std::string{encoded}, "resume_token", quoted);
}

std::string encode_poll(std::span<const std::string> numbered) {
  return "{\"messages\":" + joined_list(numbered) + "}";
}

std::string encode_received(SendNo received) {
  return "{\"received\":" + std::to_string(received) + "}";
}

}  // namespace icebreaker::signaling
