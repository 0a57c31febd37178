// The native signaling protocol, version 1, on one page: every message as a value. The JSON form is
// json_codec's business, the meaning is the hub's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/signaling/ids.hpp"

namespace icebreaker::signaling {

// Numbers on the wire are JSON numbers, so all stay within the 2^53 - 1 that JavaScript keeps
// exact.
using Seq = std::uint64_t;     // server -> client: 1, 2, 3 …
using SendNo = std::uint64_t;  // client -> server, `n`: 1, 2, 3 …
using Epoch = std::uint64_t;
using GenerationNo = std::uint64_t;  // `gen` of a negotiation
inline constexpr std::uint64_t kMaxWireInteger = (std::uint64_t{1} << 53U) - 1;

inline constexpr int kProtocolVersion = 1;
inline constexpr std::string_view kWebSocketProtocol = "icebreaker.v1";
inline constexpr std::size_t kMaxNameLength = 64;         // rooms, queues, users: A-Z a-z 0-9 . _ -
inline constexpr std::size_t kMaxDisplayNamePoints = 64;  // Unicode code points
inline constexpr std::size_t kMaxIdBytes = 128;           // of sessions and peers, from a client
inline constexpr std::size_t kMaxUsersPerWatch = 128;
inline constexpr std::size_t kMaxMatchAttributes = 16;
inline constexpr std::size_t kMaxAttributeLength = 256;  // of a key, and of a value's JSON text
inline constexpr std::uint32_t kMaxMatchSize = 64;
inline constexpr std::size_t kMaxJsonDepth = 32;
// Of a body whose `messages` are as deep as one alone may be.
inline constexpr std::size_t kMaxBodyDepth = kMaxJsonDepth + 2;

struct Limits {
  std::size_t message_bytes = 64 * std::size_t{1024};
  std::size_t body_bytes = 256 * std::size_t{1024};
  std::size_t mailbox_messages = 256;
  std::size_t mailbox_bytes = 256 * std::size_t{1024};
  std::uint32_t room_capacity = 16;  // the largest that `join` may ask for
  bool operator==(const Limits&) const = default;
};

enum class ErrorCode : std::uint8_t {
  BadMessage,
  UnknownType,
  BadSequence,
  Unauthorized,
  Forbidden,
  OriginRefused,
  RoomFull,
  NotInRoom,
  NoSuchPeer,
  AlreadyJoined,
  AlreadyMatching,
  NotMatching,
  MailboxFull,
  TooLarge,
  RateLimited,
  SessionLost,
  Superseded,
  UnsupportedProtocol,
  Unavailable,
};
inline constexpr std::size_t kErrorCodeCount = 19;

// `bad_message` … as on the wire.
std::string_view name_of(ErrorCode code);
// The `message` that goes with it unless there is more to say.
std::string_view describe(ErrorCode code);

// Perfect negotiation's roles.
enum class Role : std::uint8_t { Impolite, Polite };
enum class Presence : std::uint8_t { Here, Away };
enum class LeaveReason : std::uint8_t { Left, Bye, Expired, Replaced, Unmatched };

// An ICE server as RTCPeerConnection takes it; STUN servers have no username and no credential.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
  bool operator==(const IceServer&) const = default;
};

struct IceServerList {
  std::vector<IceServer> servers;
  std::chrono::seconds ttl{3600};
  bool operator==(const IceServerList&) const = default;
};

// What the server looks into `data` for.
enum class SignalKind : std::uint8_t { Description, Candidate, Other };

// ------------------------------------------------------------------------- client -> server
namespace client {

struct Resume {
  SessionId session;
  Epoch epoch = 0;
  Seq after = 0;
  bool operator==(const Resume&) const = default;
};

struct Hello {
  int protocol = kProtocolVersion;
  std::string token;  // empty texts = absent
  std::string user;
  std::string room;
  std::string queue;
  std::optional<Resume> resume;
  std::string resume_token;
  bool operator==(const Hello&) const = default;
};

struct Join {
  std::string room;
  std::string name;
  std::optional<std::uint32_t> capacity;
  bool operator==(const Join&) const = default;
};

struct Leave {
  bool operator==(const Leave&) const = default;
};

struct Signal {
  PeerId to;
  std::string data;                     // a JSON object's text, passed through
  SignalKind kind = SignalKind::Other;  // told by data.kind
  std::optional<GenerationNo> gen;
  bool operator==(const Signal&) const = default;
};

struct MatchAttributes {
  std::map<std::string, std::string> equal;  // key -> the value's compact JSON text
  std::optional<double> rating;
  std::optional<double> rating_window;
  bool operator==(const MatchAttributes&) const = default;
};

struct Match {
  std::string queue;
  std::uint32_t size = 2;
  MatchAttributes attributes;
  bool operator==(const Match&) const = default;
};

struct MatchCancel {
  std::string queue;
  bool operator==(const MatchCancel&) const = default;
};

struct Watch {
  std::vector<std::string> users;
  bool operator==(const Watch&) const = default;
};

struct Unwatch {
  std::vector<std::string> users;
  bool operator==(const Unwatch&) const = default;
};

struct Ice {
  bool operator==(const Ice&) const = default;
};

struct Ack {
  Seq seq = 0;
  bool operator==(const Ack&) const = default;
};

struct Bye {
  bool operator==(const Bye&) const = default;
};

}  // namespace client

using ClientMessage = std::variant<client::Hello, client::Join, client::Leave, client::Signal,
                                   client::Match, client::MatchCancel, client::Watch,
                                   client::Unwatch, client::Ice, client::Ack, client::Bye>;

// `hello` and `ack` carry no n, everything else does.
struct ClientEnvelope {
  std::optional<SendNo> n;
  ClientMessage message;
  bool operator==(const ClientEnvelope&) const = default;
};

// ------------------------------------------------------------------------- server -> client
namespace server {

struct Welcome {
  SessionId session;
  PeerId peer;
  Epoch epoch = 0;
  Seq seq = 0;          // the highest acknowledged
  SendNo received = 0;  // the highest n taken
  bool resumed = false;
  std::string resume_token;
  IceServerList ice;
  std::chrono::milliseconds hold{20'000};
  std::chrono::milliseconds ping{25'000};
  std::chrono::milliseconds away_after{3'000};
  std::chrono::milliseconds resume_window{60'000};
  Limits limits;
  bool operator==(const Welcome&) const = default;
};

// A peer as the reader sees it: role is that peer's role towards the reader.
struct Peer {
  PeerId peer;
  std::string name;
  Role role = Role::Impolite;
  Presence presence = Presence::Here;
  bool operator==(const Peer&) const = default;
};

struct Joined {
  std::string room;
  std::vector<Peer> peers;
  Role role = Role::Impolite;
  std::uint32_t capacity = 2;
  std::string resume_token;
  bool operator==(const Joined&) const = default;
};

struct PeerJoined {
  std::string room;
  PeerId peer;
  std::string name;
  Role role = Role::Impolite;
  bool operator==(const PeerJoined&) const = default;
};

struct PeerAway {
  std::string room;
  PeerId peer;
  bool operator==(const PeerAway&) const = default;
};

struct PeerBack {
  std::string room;
  PeerId peer;
  bool operator==(const PeerBack&) const = default;
};

struct PeerLeft {
  std::string room;
  PeerId peer;
  LeaveReason reason = LeaveReason::Left;  // Unmatched: the room is over for all, Matching follows
  bool operator==(const PeerLeft&) const = default;
};

struct Signal {
  PeerId from;
  std::string data;
  std::optional<GenerationNo> gen;
  bool operator==(const Signal&) const = default;
};

struct Matching {
  std::string queue;
  std::optional<std::uint32_t> position;  // 1 = next
  bool operator==(const Matching&) const = default;
};

struct Matched {
  std::string queue;
  std::string room;
  std::vector<Peer> peers;
  Role role = Role::Impolite;
  std::string resume_token;
  bool operator==(const Matched&) const = default;
};

struct MatchCancelled {
  std::string queue;
  bool operator==(const MatchCancelled&) const = default;
};

struct UserPresence {
  std::string user;
  bool online = false;
  bool operator==(const UserPresence&) const = default;
};

struct IceServers {
  IceServerList ice;
  bool operator==(const IceServers&) const = default;
};

struct Ack {
  SendNo n = 0;
  bool operator==(const Ack&) const = default;
};

struct Goaway {
  std::chrono::milliseconds after{0};
  bool operator==(const Goaway&) const = default;
};

struct Error {
  ErrorCode code = ErrorCode::BadMessage;
  std::string message;
  std::optional<SendNo> n;
  std::optional<SendNo> expected;
  std::optional<std::chrono::milliseconds> retry_after;
  bool operator==(const Error&) const = default;
};

}  // namespace server

using ServerMessage =
    std::variant<server::Welcome, server::Joined, server::PeerJoined, server::PeerAway,
                 server::PeerBack, server::PeerLeft, server::Signal, server::Matching,
                 server::Matched, server::MatchCancelled, server::UserPresence, server::IceServers,
                 server::Ack, server::Goaway, server::Error>;

// seq is absent on welcome, ack, goaway and errors about the transport itself.
struct ServerEnvelope {
  std::optional<Seq> seq;
  ServerMessage message;
  bool operator==(const ServerEnvelope&) const = default;
};

// Body of POST /v1/sessions/{session}/messages, before its messages are looked into.
struct PostBody {
  Epoch epoch = 0;
  std::optional<Seq> ack;
  std::vector<std::string> messages;  // each one's JSON text
  bool operator==(const PostBody&) const = default;
};

}  // namespace icebreaker::signaling
