#include <limits>
#include <utility>

#include "common/signaling/json_codec.hpp"
#include "common/signaling/json_fields.hpp"
#include "common/signaling/json_plain_messages.hpp"
#include "common/signaling/json_scan.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::size_t kMaxTokenBytes = 8192;

using Decoder = ClientMessage (*)(JsonFields&, std::string_view text);

ClientMessage decode_hello(JsonFields& in, std::string_view /*text*/) {
  client::Hello hello;
  hello.protocol = static_cast<int>(
      in.integer("protocol", Need::Required, 0, std::numeric_limits<int>::max()).value_or(0));
  hello.token = in.text("token", Need::Optional, kMaxTokenBytes);
  hello.user = in.name("user", Need::Optional);
  hello.room = in.name("room", Need::Optional);
  hello.queue = in.name("queue", Need::Optional);
  hello.resume_token = in.text("resume_token", Need::Optional, kMaxTokenBytes);
  if (const Json* object = in.object("resume", Need::Optional); object != nullptr) {
    JsonFields resume{*object};
    hello.resume = client::Resume{{resume.text("session", Need::Required, kMaxIdBytes)},
                                  resume.integer("epoch", Need::Required).value_or(0),
                                  resume.integer("after", Need::Required).value_or(0)};
    in.take_problem(resume);
  }
  return hello;
}

ClientMessage decode_join(JsonFields& in, std::string_view /*text*/) {
  client::Join join;
  join.room = in.name("room", Need::Required);
  join.name = in.display_name("name");
  if (const auto capacity =
          in.integer("capacity", Need::Optional, 1, std::numeric_limits<std::uint32_t>::max())) {
    join.capacity = static_cast<std::uint32_t>(*capacity);
  }
  return join;
}

SignalKind kind_of(JsonFields& in, const Json& data) {
  const auto kind = data.find("kind");
  if (kind == data.end()) return SignalKind::Other;
  if (!kind->is_string()) return in.fail("data.kind", "must be a string"), SignalKind::Other;
  return signal_kind_of(kind->get_ref<const std::string&>());
}

ClientMessage decode_signal(JsonFields& in, std::string_view text) {
  client::Signal signal;
  signal.to.value = in.text("to", Need::Required, kMaxIdBytes);
  signal.gen = in.integer("gen", Need::Optional);
  const Json* data = in.object("data", Need::Required);
  if (data == nullptr) return signal;
  signal.kind = kind_of(in, *data);
  const auto raw = raw_member(text, "data");
  // A parser may have seen another value under an escaped spelling of the same key.
  if (!raw || !raw->starts_with('{')) {
    return in.fail("data", "must be written without escapes in its name"), signal;
  }
  signal.data = compacted(*raw);
  return signal;
}

void decode_equal(JsonFields& in, const Json& equal, client::MatchAttributes& attributes) {
  if (equal.size() > kMaxMatchAttributes) return in.fail("attributes.equal", "has too many keys");
  for (const auto& [key, value] : equal.items()) {
    if (!value.is_primitive() || value.is_null()) {
      return in.fail("attributes.equal", "takes strings, numbers and booleans");
    }
    std::string text = value.dump();
    if (key.size() > kMaxAttributeLength || text.size() > kMaxAttributeLength) {
      return in.fail("attributes.equal", "has a text that is too long");
    }
    attributes.equal.emplace(key, std::move(text));
  }
}

ClientMessage decode_match(JsonFields& in, std::string_view /*text*/) {
  client::Match match;
  match.queue = in.name("queue", Need::Required);
  match.size =
      static_cast<std::uint32_t>(in.integer("size", Need::Optional, 2, kMaxMatchSize).value_or(2));
  const Json* object = in.object("attributes", Need::Optional);
  if (object == nullptr) return match;
  JsonFields attributes{*object};
  match.attributes.rating = attributes.number("rating", std::numeric_limits<double>::lowest());
  match.attributes.rating_window = attributes.number("rating_window", 0.0);
  if (const Json* equal = attributes.object("equal", Need::Optional); equal != nullptr) {
    decode_equal(attributes, *equal, match.attributes);
  }
  in.take_problem(attributes);
  return match;
}

std::vector<std::string> decode_users(JsonFields& in) {
  std::vector<std::string> users;
  const Json* list = in.array("users");
  if (list == nullptr) return users;
  if (list->empty() || list->size() > kMaxUsersPerWatch) {
    return in.fail("users", "must have 1 to 128 elements"), users;
  }
  for (const Json& user : *list) {
    if (!user.is_string() || !is_valid_name(user.get_ref<const std::string&>())) {
      return in.fail("users", "must hold names of 1 to 64 of A-Z a-z 0-9 . _ -"), users;
    }
    users.push_back(user.get<std::string>());
  }
  return users;
}

constexpr std::array<Decoder, kClientTypes.size()> kDecoders{
    decode_hello,
    decode_join,
    [](JsonFields&, std::string_view) -> ClientMessage { return client::Leave{}; },
    decode_signal,
    decode_match,
    [](JsonFields& in, std::string_view) -> ClientMessage {
      return client::MatchCancel{in.name("queue", Need::Required)};
    },
    [](JsonFields& in, std::string_view) -> ClientMessage {
      return client::Watch{decode_users(in)};
    },
    [](JsonFields& in, std::string_view) -> ClientMessage {
      return client::Unwatch{decode_users(in)};
    },
    [](JsonFields&, std::string_view) -> ClientMessage { return client::Ice{}; },
    [](JsonFields& in, std::string_view) -> ClientMessage {
      return client::Ack{in.integer("seq", Need::Required).value_or(0)};
    },
    [](JsonFields&, std::string_view) -> ClientMessage { return client::Bye{}; },
};

bool is_unnumbered(std::string_view type) {
  return type == "hello" || type == "ack";
}

DecodeError bad_message(std::string what, std::optional<SendNo> n = std::nullopt) {
  return {ErrorCode::BadMessage, std::move(what), n};
}

std::optional<SendNo> usable_n(const Json& object) {
  JsonFields fields{object};
  return fields.integer("n", Need::Optional, 1);
}

}  // namespace

std::expected<ClientEnvelope, DecodeError> decode_client(std::string_view text,
                                                         const Limits& limits) {
  if (text.size() > limits.body_bytes) {
    return std::unexpected(DecodeError{ErrorCode::TooLarge, "the message is too large", {}});
  }
  if (text.size() <= limits.message_bytes) {
    if (auto signal = read_plain_signal(text)) return *std::move(signal);
  }
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) {
    return std::unexpected(bad_message("not a JSON object, or nested too deeply"));
  }

  // NOLINTNEXTLINE(misc-const-correctness): the decoder, called by a pointer, changes it.
  JsonFields fields{*parsed};
  const auto n = usable_n(*parsed);
  const Json* type = fields.find("type");
  const std::string name =
      type != nullptr && type->is_string() ? type->get<std::string>() : std::string{};
  if (!is_unnumbered(name) && !n) {
    return std::unexpected(bad_message("'n' must be an integer from 1"));
  }
  if (name.empty()) return std::unexpected(bad_message("'type' must be a string", n));
  if (text.size() > limits.message_bytes) {
    return std::unexpected(DecodeError{ErrorCode::TooLarge, "the message is too large", n});
  }
  const auto index = index_of(kClientTypes, name);
  if (!index) {
    return std::unexpected(DecodeError{ErrorCode::UnknownType, "unknown message type", n});
  }

  const auto number = is_unnumbered(name) ? std::nullopt : n;
  ClientMessage message = kDecoders.at(*index)(fields, text);
  const auto* hello = std::get_if<client::Hello>(&message);
  const Json* protocol = fields.find("protocol");
  if (hello != nullptr && protocol != nullptr && protocol->is_number_unsigned() &&
      hello->protocol != kProtocolVersion) {
    return std::unexpected(
        DecodeError{ErrorCode::UnsupportedProtocol, "this server speaks protocol 1", {}});
  }
  if (fields.failed()) return std::unexpected(bad_message(fields.problem(), number));
  return ClientEnvelope{number, std::move(message)};
}

std::expected<PostBody, DecodeError> decode_post(std::string_view body, const Limits& limits) {
  if (body.size() > limits.body_bytes) {
    return std::unexpected(DecodeError{ErrorCode::TooLarge, "the body is too large", {}});
  }
  if (auto plain = read_plain_post(body)) return *std::move(plain);
  const auto parsed = parse_json(body, kMaxBodyDepth);
  if (!parsed || !parsed->is_object()) {
    return std::unexpected(bad_message("not a JSON object, or nested too deeply"));
  }
  JsonFields fields{*parsed};
  PostBody post;
  post.epoch = fields.integer("epoch", Need::Required).value_or(0);
  post.ack = fields.integer("ack", Need::Optional);
  fields.array("messages");
  const auto raw = raw_member(body, "messages");
  if (!raw) fields.fail("messages", "must be written without escapes in its name");
  if (fields.failed()) return std::unexpected(bad_message(fields.problem()));
  for (const std::string_view element : raw_elements(*raw)) post.messages.emplace_back(element);
  return post;
}

}  // namespace icebreaker::signaling
