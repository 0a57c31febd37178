// One pass over JSON text as nearly all clients write it. It checks as strictly as a parser, builds
// nothing, and gives up (with false or nothing) on what is invalid and on what is merely unusual:
// text beyond ASCII, escaped keys, numbers with exponents. The codec then asks the parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace icebreaker::signaling {

class PlainJson {
 public:
  // Text that outlives this; no more than `max_depth` brackets open at once.
  PlainJson(std::string_view text, std::size_t max_depth) : text_{text}, depth_left_{max_depth} {}

  // Each member: `on_member(key)` reads its value by one call of this, and returns whether to go
  // on.
  template <class OnMember>
  bool object(OnMember&& on_member) {
    return list('{', '}', [&] {
      const auto key = string();
      return key && take(':') && on_member(*key);
    });
  }

  // Each element: `on_element()` reads it.
  template <class OnElement>
  bool array(OnElement&& on_element) {
    return list('[', ']', on_element);
  }

  // Without escapes.
  std::optional<std::string_view> string();
  // Of 0 to 2^53 - 1.
  std::optional<std::uint64_t> integer();
  // Any value.
  bool skip();
  // The text of any value, as it is written.
  std::optional<std::string_view> raw();

  // Nothing follows.
  bool is_done();

  // Where the next value begins.
  std::size_t position();

  [[nodiscard]] std::string_view since(std::size_t position) const {
    return text_.substr(position, at_ - position);
  }

  // How much whitespace there was so far.
  [[nodiscard]] std::size_t spaces() const { return spaces_; }

 private:
  template <class OnItem>
  bool list(char open, char close, OnItem&& on_item) {
    if (depth_left_ == 0 || !take(open)) return false;
    --depth_left_;
    if (!take(close)) {
      do {
        if (!on_item()) return false;
      } while (take(','));
      if (!take(close)) return false;
    }
    ++depth_left_;
    return true;
  }

  void skip_spaces();
  bool take(char wanted);
  bool take_word(std::string_view word);
  bool skip_string();
  bool skip_escape();
  bool skip_digits();
  bool skip_number();
  // Past characters that stand for themselves.
  void skip_literal();

  [[nodiscard]] char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_left_;
  std::size_t spaces_ = 0;
};

}  // namespace icebreaker::signaling
