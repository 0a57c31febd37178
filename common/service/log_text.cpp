#include "common/service/log_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

#include "common/base/hex.hpp"

namespace icebreaker::service {
namespace {

enum class Style : std::uint8_t { Text, Json };

// Bytes of the well-formed and printable UTF-8 character that `text` starts with; 0 if there is
// none. ASCII is the caller's. C1 controls (U+0080 to U+009F) do not count: terminals obey them.
std::size_t printable_utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(0);
  const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
  if (lead < 0xC2U || lead > 0xF4U || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned second = byte(1);
  const bool overlong = (lead == 0xE0U && second < 0xA0U) || (lead == 0xF0U && second < 0x90U);
  const bool surrogate = lead == 0xEDU && second >= 0xA0U;
  const bool beyond = lead == 0xF4U && second >= 0x90U;
  const bool control = lead == 0xC2U && second < 0xA0U;
  // U+2028 and U+2029 break lines for some readers of logs.
  const bool line_break =
      lead == 0xE2U && second == 0x80U && (byte(2) == 0xA8U || byte(2) == 0xA9U);
  return overlong || surrogate || beyond || control || line_break ? 0 : length;
}

bool printable_ascii(char c) {
  return c >= 0x20 && c < 0x7F;
}

void append_escaped_byte(std::string& out, char c, Style style) {
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      // JSON has no escape for a byte; a lone one becomes the character of that number.
      out += style == Style::Text ? "\\x" : "\\u00";
      out += hex_of(bytes_of({&c, 1}));
  }
}

void append_escaped(std::string& out, std::string_view text, Style style) {
  while (!text.empty()) {
    const char c = text.front();
    std::size_t length = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (printable_ascii(c)) {
      out += c;
    } else if (length = static_cast<unsigned char>(c) < 0x80U ? 0 : printable_utf8_length(text);
               length > 0) {
      out += text.substr(0, length);
    } else {
      append_escaped_byte(out, c, style);
      length = 1;
    }
    text.remove_prefix(length);
  }
}

bool needs_quotes(std::string_view text) {
  return text.empty() || !std::ranges::all_of(text, [](char c) {
           return printable_ascii(c) && c != ' ' && c != '"' && c != '=' && c != '\\';
         });
}

void append_quoted(std::string& out, std::string_view text, Style style) {
  out += '"';
  append_escaped(out, text, style);
  out += '"';
}

// A message has no quotes around it, so its own may stay; the rest is escaped.
void append_message(std::string& out, std::string_view text) {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t plain = std::min(text.find_first_of("\"\\", start), text.size());
    append_escaped(out, text.substr(start, plain - start), Style::Text);
    if (plain < text.size()) out += text[plain];
    start = plain + 1;
  }
}

template <class T>
std::string number_text(T number) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

class Appender {
 public:
  Appender(std::string& out, Style style) : out_{out}, style_{style} {}

  void operator()(std::string_view text) const {
    if (style_ == Style::Json || needs_quotes(text)) {
      append_quoted(out_, text, style_);
    } else {
      out_ += text;
    }
  }

  void operator()(bool flag) const { out_ += flag ? "true" : "false"; }

  void operator()(std::int64_t number) const { out_ += number_text(number); }

  void operator()(std::uint64_t number) const { out_ += number_text(number); }

  void operator()(double number) const {
    // JSON knows no infinity and no NaN.
    const bool as_text = style_ == Style::Json && !std::isfinite(number);
    as_text ? (*this)(std::string_view{number_text(number)}) : void(out_ += number_text(number));
  }

  void operator()(const IpAddress& ip) const { (*this)(std::string_view{ip.to_string()}); }

  void operator()(const SocketAddress& address) const {
    (*this)(std::string_view{address.to_string()});
  }

  void operator()(const std::error_code& error) const {
    (*this)(std::string_view{error.message()});
  }

 private:
  std::string& out_;
  Style style_;
};

}  // namespace

std::string text_line(std::string_view message, std::span<const LogField> fields) {
  std::string line;
  append_message(line, message);
  for (const LogField& each : fields) {
    line += ' ';
    line += each.key;
    line += '=';
    std::visit(Appender{line, Style::Text}, each.value.variant());
  }
  return line;
}

std::string json_members(std::string_view message, std::span<const LogField> fields) {
  std::string line = "\"message\":";
  append_quoted(line, message, Style::Json);
  for (const LogField& each : fields) {
    line += ',';
    append_quoted(line, each.key, Style::Json);
    line += ':';
    std::visit(Appender{line, Style::Json}, each.value.variant());
  }
  return line;
}

}  // namespace icebreaker::service
