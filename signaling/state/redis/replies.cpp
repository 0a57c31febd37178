#include "signaling/state/redis/replies.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "common/signaling/names.hpp"
#include "signaling/state/fresh_ids.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::string_view kUnknown = "U";
constexpr std::string_view kLost = "L";
constexpr std::string_view kSuperseded = "S";
constexpr char kSignalFrame = 'S';
constexpr char kTokenFrame = 'T';

// Reads the elements of an array reply; after the first that is not as expected everything is
// empty.
class Elements {
 public:
  explicit Elements(const RedisReply& reply) : array_{reply.array()} {}

  [[nodiscard]] bool failed() const { return array_ == nullptr; }

  [[nodiscard]] bool at_end() const { return failed() || next_ == array_->size(); }

  std::uint64_t number() {
    const RedisReply* element = take();
    if (element == nullptr || element->integer() == nullptr || *element->integer() < 0)
      return fail(), 0;
    return static_cast<std::uint64_t>(*element->integer());
  }

  std::string text() {
    const RedisReply* element = take();
    if (element == nullptr || element->string() == nullptr) return fail(), std::string{};
    return *element->string();
  }

  RedisReply element() {
    const RedisReply* element = take();
    return element == nullptr ? RedisReply{} : *element;
  }

 private:
  const RedisReply* take() {
    if (at_end()) return fail(), nullptr;
    return &(*array_)[next_++];
  }

  void fail() { array_ = nullptr; }

  const RedisReply::Array* array_;
  std::size_t next_ = 0;
};

StateError error_of(const RedisReply& reply) {
  const std::string* text = reply.string();
  if (text == nullptr) return StateError::Unavailable;
  if (*text == kUnknown) return StateError::UnknownSession;
  if (*text == kLost) return StateError::SessionLost;
  if (*text == kSuperseded) return StateError::Superseded;
  return StateError::Unavailable;
}

std::optional<Membership> read_membership(Elements& in) {
  if (in.at_end()) return std::nullopt;
  Membership membership;
  membership.room = in.text();
  membership.name = in.text();
  membership.role = in.text() == "p" ? Role::Polite : Role::Impolite;
  const std::string capacity = in.text();
  std::from_chars(capacity.data(), capacity.data() + capacity.size(), membership.capacity);
  return membership;
}

Standing read_standing(const RedisReply& reply, PeerId peer) {
  Elements in{reply};
  Standing standing{
      .peer = std::move(peer), .user = in.text(), .membership = {}, .grants = in.text()};
  standing.membership = read_membership(in);
  return standing;
}

Frame read_frame(std::string text) {
  Frame frame;
  if (text.starts_with(kSignalFrame)) frame.kind = Frame::Kind::Signal;
  if (text.starts_with(kTokenFrame)) frame.kind = Frame::Kind::NeedsToken;
  text.erase(0, 1);
  frame.text = std::move(text);
  return frame;
}

bool needs_token(const Frame& frame) {
  return frame.kind == Frame::Kind::NeedsToken;
}

// A number and the character after it, taken off the front.
std::optional<std::uint64_t> take_number(std::string_view& text, char after) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || length == text.size() || *end != after) return std::nullopt;
  text.remove_prefix(length + 1);
  return value;
}

std::vector<ErrorCode> read_codes(const RedisReply& reply) {
  std::vector<ErrorCode> codes;
  for (Elements each{reply}; !each.at_end();) {
    if (const auto code = index_of(kErrorCodes, each.text())) {
      codes.push_back(static_cast<ErrorCode>(*code));
    }
  }
  return codes;
}

std::vector<Frame> read_frames(RedisReply reply) {
  std::vector<Frame> frames;
  if (RedisReply::Array* texts = reply.array()) {
    for (RedisReply& each : *texts) {
      if (std::string* text = each.string()) frames.push_back(read_frame(std::move(*text)));
    }
  }
  return frames;
}

}  // namespace

PeerId peer_of(const SessionId& session) {
  return {session.value.substr(std::min(session.value.size(), 2 * kSecretBytes))};
}

std::expected<SessionInfo, StateError> read_opened(const RedisReply& reply, SessionInfo opened) {
  if (reply.array() == nullptr) return std::unexpected(error_of(reply));
  opened.standing = read_standing(reply, std::move(opened.standing.peer));
  return opened;
}

std::expected<SessionInfo, StateError> read_resumed(const RedisReply& reply,
                                                    const ResumeRequest& request) {
  Elements in{reply};
  SessionInfo info{request.session, request.epoch, in.number(), in.number(), {}};
  info.standing = read_standing(in.element(), peer_of(request.session));
  if (in.failed()) return std::unexpected(error_of(reply));
  return info;
}

std::optional<ReceiveId> opened_receive(const RedisReply& reply) {
  Elements in{reply};
  const std::uint64_t receive = in.number();
  return in.failed() ? std::nullopt : std::optional{ReceiveId{receive}};
}

std::expected<Attached, StateError> read_attached(RedisReply reply, const SessionId& session) {
  Elements in{reply};
  Attached attached;
  attached.receive = ReceiveId{in.number()};
  attached.ice_age = std::chrono::milliseconds{in.number()};
  attached.delivery.first_seq = in.number();
  attached.standing = read_standing(in.element(), peer_of(session));
  RedisReply::Array* all = reply.array();
  if (in.failed() || in.at_end()) return std::unexpected(error_of(reply));
  attached.delivery.frames = read_frames(std::move(all->back()));
  if (std::ranges::any_of(attached.delivery.frames, needs_token)) {
    attached.delivery.standing = attached.standing;
  }
  return attached;
}

std::expected<Delivery, StateError> read_delivery(RedisReply reply, const SessionId& session) {
  Elements in{reply};
  Delivery delivery;
  delivery.first_seq = in.number();
  RedisReply::Array* all = reply.array();
  if (in.failed() || in.at_end()) return std::unexpected(error_of(reply));
  delivery.frames = read_frames(std::move((*all)[1]));
  if (all->size() > 2) delivery.standing = read_standing((*all)[2], peer_of(session));
  return delivery;
}

std::optional<WakeMessage> read_wake(std::string_view payload) {
  if (payload.empty()) return std::nullopt;
  WakeMessage message{
      .what = payload.front(), .receive = {}, .session = {}, .mark = 0, .delivery = {}};
  payload.remove_prefix(1);
  const auto receive = take_number(payload, ' ');
  if (!receive) return std::nullopt;
  message.receive = ReceiveId{*receive};
  const std::size_t end = std::min(payload.find(' '), payload.size());
  message.session.value = payload.substr(0, end);
  if (message.what != 'f') return message;

  payload.remove_prefix(std::min(end + 1, payload.size()));
  const auto mark = take_number(payload, ' ');
  const auto first = take_number(payload, ' ');
  if (!mark || !first) return std::nullopt;
  message.mark = *mark;
  message.delivery.first_seq = *first;
  while (!payload.empty()) {
    const auto length = take_number(payload, ':');
    if (!length || *length > payload.size()) return std::nullopt;
    message.delivery.frames.push_back(read_frame(std::string{payload.substr(0, *length)}));
    payload.remove_prefix(*length);
  }
  return message;
}

std::expected<Submitted, StateError> read_submitted(const RedisReply& reply) {
  Elements in{reply};
  Submitted submitted{.received = in.number(), .expected = {}, .refusals = {}, .refused_joins = {}};
  if (const SendNo expected = in.number(); expected > 0) submitted.expected = expected;
  submitted.duplicates = static_cast<std::uint32_t>(in.number());
  submitted.stale = static_cast<std::uint32_t>(in.number());
  submitted.crowded_out = static_cast<std::uint32_t>(in.number());
  const RedisReply refusals = in.element();
  const RedisReply refused_joins = in.element();
  if (in.failed()) return std::unexpected(error_of(reply));
  submitted.refusals = read_codes(refusals);
  submitted.refused_joins = read_codes(refused_joins);
  return submitted;
}

std::expected<Submitted, StateError> read_closed(const RedisReply& reply) {
  if (!reply.is_nil()) return std::unexpected(error_of(reply));
  return Submitted{};
}

}  // namespace icebreaker::signaling
