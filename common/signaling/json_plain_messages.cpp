#include "common/signaling/json_plain_messages.hpp"

#include <utility>

#include "common/signaling/json_plain.hpp"
#include "common/signaling/json_scan.hpp"
#include "common/signaling/names.hpp"

namespace icebreaker::signaling {
namespace {

// False for the second member of a name: which one counts is the parser's to say.
template <class T>
bool take_once(std::optional<T>& into, std::optional<T> value) {
  if (into || !value) return false;
  into = std::move(value);
  return true;
}

struct SignalReader {
  PlainJson json;
  std::optional<std::string_view> type;
  std::optional<SendNo> n;
  std::optional<std::string_view> to;
  std::optional<GenerationNo> gen;
  std::optional<std::string_view> kind;
  std::optional<std::string> data;

  bool read_member(std::string_view key) {
    if (key == "type") return take_once(type, json.string()) && type == "signal";
    if (key == "n") return take_once(n, json.integer());
    if (key == "to") return take_once(to, json.string());
    if (key == "gen") return take_once(gen, json.integer());
    if (key == "data") return take_once(data, read_data());
    return json.skip();
  }

  // On one line.
  std::optional<std::string> read_data() {
    const std::size_t start = json.position();
    const std::size_t spaces = json.spaces();
    const bool read = json.object([this](std::string_view key) {
      return key == "kind" ? take_once(kind, json.string()) : json.skip();
    });
    if (!read) return std::nullopt;
    const std::string_view raw = json.since(start);
    return json.spaces() == spaces ? std::string{raw} : compacted(raw);
  }

  [[nodiscard]] bool is_complete() const {
    return type && n.value_or(0) > 0 && to && !to->empty() && to->size() <= kMaxIdBytes && data;
  }
};

}  // namespace

std::optional<ClientEnvelope> read_plain_signal(std::string_view text) {
  SignalReader reader{PlainJson{text, kMaxJsonDepth}, {}, {}, {}, {}, {}, {}};
  const bool read =
      reader.json.object([&reader](std::string_view key) { return reader.read_member(key); });
  if (!read || !reader.json.is_done() || !reader.is_complete()) return std::nullopt;
  return ClientEnvelope{reader.n, client::Signal{.to = {std::string{*reader.to}},
                                                 .data = *std::move(reader.data),
                                                 .kind = signal_kind_of(reader.kind.value_or("")),
                                                 .gen = reader.gen}};
}

std::optional<PostBody> read_plain_post(std::string_view body) {
  PlainJson json{body, kMaxBodyDepth};
  std::optional<Epoch> epoch;
  std::optional<Seq> ack;
  std::optional<std::vector<std::string>> messages;
  const auto read_messages = [&json]() -> std::optional<std::vector<std::string>> {
    std::vector<std::string> texts;
    const bool read = json.array([&] {
      const auto text = json.raw();
      if (text) texts.emplace_back(*text);
      return text.has_value();
    });
    return read ? std::optional{std::move(texts)} : std::nullopt;
  };
  const bool read = json.object([&](std::string_view key) {
    if (key == "epoch") return take_once(epoch, json.integer());
    if (key == "ack") return take_once(ack, json.integer());
    return key == "messages" ? take_once(messages, read_messages()) : json.skip();
  });
  if (!read || !json.is_done() || !epoch || !messages) return std::nullopt;
  return PostBody{*epoch, ack, *std::move(messages)};
}

}  // namespace icebreaker::signaling
