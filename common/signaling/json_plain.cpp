#include "common/signaling/json_plain.hpp"

#include <bit>
#include <charconv>
#include <cstring>

#include "common/signaling/messages.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::size_t kWord = sizeof(std::uint64_t);

constexpr std::uint64_t repeated(std::uint8_t byte) {
  return byte * std::uint64_t{0x0101010101010101};
}

// High bits of the bytes that do not stand for themselves in a string: quotes, backslashes, control
// characters, what is beyond ASCII. Only the lowest one is certain, since a borrow may run upwards.
constexpr std::uint64_t special_bytes(std::uint64_t word) {
  const std::uint64_t quotes = (word ^ repeated('"')) - repeated(1);
  const std::uint64_t backslashes = (word ^ repeated('\\')) - repeated(1);
  const std::uint64_t controls = word - repeated(0x20);
  return (quotes | backslashes | controls | word) & repeated(0x80);
}

bool is_special(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x80 || c == '"' || c == '\\';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::optional<std::string_view> PlainJson::string() {
  if (!take('"')) return std::nullopt;
  const std::size_t start = at_;
  skip_literal();
  if (here() != '"') return std::nullopt;
  return text_.substr(start, at_++ - start);
}

std::optional<std::uint64_t> PlainJson::integer() {
  const auto text = raw();
  if (!text) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc{} || rest != end || value > kMaxWireInteger) return std::nullopt;
  return value;
}

bool PlainJson::skip() {
  skip_spaces();
  switch (here()) {
    case '"':
      return skip_string();
    case '{':
      return object([this](std::string_view) { return skip(); });
    case '[':
      return array([this] { return skip(); });
    case 't':
      return take_word("true");
    case 'f':
      return take_word("false");
    case 'n':
      return take_word("null");
    default:
      return skip_number();
  }
}

std::optional<std::string_view> PlainJson::raw() {
  const std::size_t start = position();
  if (!skip()) return std::nullopt;
  return since(start);
}

bool PlainJson::is_done() {
  return position() == text_.size();
}

std::size_t PlainJson::position() {
  skip_spaces();
  return at_;
}

void PlainJson::skip_spaces() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    ++at_;
    ++spaces_;
  }
}

bool PlainJson::take(char wanted) {
  skip_spaces();
  if (at_ >= text_.size() || text_[at_] != wanted) return false;
  ++at_;
  return true;
}

bool PlainJson::take_word(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

bool PlainJson::skip_string() {
  for (++at_;; skip_literal()) {
    const char c = here();
    if (c == '"') break;
    if (c == '\\' ? !skip_escape() : is_special(c)) return false;
  }
  ++at_;
  return true;
}

bool PlainJson::skip_escape() {
  const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (kind != 'u') {
    at_ += 2;
    return kind != '\0' && std::string_view{R"("\/bfnrt)"}.contains(kind);
  }
  const std::string_view digits = text_.substr(at_ + 2, 4);
  if (digits.size() < 4) return false;
  for (const char c : digits) {
    if (!is_hex(c)) return false;
  }
  // Surrogates come in pairs; let the parser see to them.
  if (digits[0] == 'd' || digits[0] == 'D') return false;
  at_ += 6;
  return true;
}

bool PlainJson::skip_digits() {
  const std::size_t start = at_;
  while (is_digit(here())) ++at_;
  return at_ > start;
}

bool PlainJson::skip_number() {
  // So long a number may be too large for any type of the parser's.
  constexpr std::size_t kMaxLength = 100;
  const std::size_t start = at_;
  if (here() == '-') ++at_;
  const bool zero = here() == '0';
  const std::size_t digits = at_;
  if (!skip_digits() || (zero && at_ - digits > 1)) return false;
  if (here() == '.') {
    ++at_;
    if (!skip_digits()) return false;
  }
  return here() != 'e' && here() != 'E' && at_ - start <= kMaxLength;
}

void PlainJson::skip_literal() {
  static_assert(std::endian::native == std::endian::little);
  for (; at_ + kWord <= text_.size(); at_ += kWord) {
    std::uint64_t word = 0;
    std::memcpy(&word, text_.data() + at_, kWord);
    const std::uint64_t special = special_bytes(word);
    if (special == 0) continue;
    at_ += static_cast<std::size_t>(std::countr_zero(special)) / 8;
    return;
  }
  while (at_ < text_.size() && !is_special(text_[at_])) ++at_;
}

}  // namespace icebreaker::signaling
