#include "signaling/state/redis/submit_words.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "common/signaling/json_codec.hpp"

namespace icebreaker::signaling {
namespace {

std::string text_of(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string text_of(const std::optional<double>& value) {
  return value ? text_of(*value) : std::string{};
}

// Texts are equal when and only when the attributes are.
std::string text_of(const std::map<std::string, std::string>& equal) {
  std::string text;
  for (const auto& [key, value] : equal) {
    for (const std::string_view each : {std::string_view{key}, std::string_view{value}}) {
      text.append(std::to_string(each.size())).append(":").append(each);
    }
  }
  return text;
}

std::string letter_of(SignalKind kind) {
  switch (kind) {
    case SignalKind::Description:
      return "D";
    case SignalKind::Candidate:
      return "C";
    case SignalKind::Other:
      return "O";
  }
  return "O";
}

struct Words {
  std::vector<std::string>& out;
  const PeerId& from;

  template <class... Texts>
  void put(Texts&&... texts) {
    (out.push_back(std::forward<Texts>(texts)), ...);
  }

  void put_users(const char* letter, std::vector<std::string> users) {
    put(letter, std::to_string(users.size()));
    for (std::string& user : users) put(std::move(user));
  }

  void operator()(operation::Answer answer) {
    put("A", answer.ice == operation::Answer::Ice::Fresh ? "F" : "", std::move(answer.frame));
  }

  void operator()(operation::Join join) {
    put("J", std::move(join.room), std::move(join.name), std::to_string(join.capacity));
  }

  void operator()(const operation::Leave& /*unused*/) { put("L"); }

  void operator()(operation::Signal signal) {
    const auto gen = signal.gen;
    std::string frame = encode(ServerMessage{server::Signal{from, std::move(signal.data), gen}});
    if (!gen) return put("S", std::move(signal.to.value), std::move(frame));
    put("G", std::move(signal.to.value), std::move(frame), letter_of(signal.kind),
        std::to_string(*gen));
  }

  void operator()(operation::Match match) {
    put("M", std::move(match.queue), std::to_string(match.size), text_of(match.attributes.equal),
        text_of(match.attributes.rating), text_of(match.attributes.rating_window));
  }

  void operator()(operation::MatchCancel cancel) { put("C", std::move(cancel.queue)); }

  void operator()(operation::Watch watch) { put_users("W", std::move(watch.users)); }

  void operator()(operation::Unwatch unwatch) { put_users("U", std::move(unwatch.users)); }

  void operator()(const operation::Bye& /*unused*/) { put("B"); }
};

}  // namespace

void append_words(std::vector<std::string>& words, NumberedOperation operation,
                  const PeerId& from) {
  words.push_back(operation.n ? std::to_string(*operation.n) : std::string{});
  std::visit([&](auto&& each) { Words{words, from}(std::forward<decltype(each)>(each)); },
             std::move(operation.operation));
}

}  // namespace icebreaker::signaling
