#include "common/signaling/json_scan.hpp"

namespace icebreaker::signaling {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// From an opening quote to past the closing one.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return text.size();
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// Past a value that starts at `at`: to the comma or bracket that ends it, or to whitespace.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (depth == 0 && (c == ',' || c == '}' || c == ']' || is_space(c))) return at;
    ++at;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return text.size();
}

// Past whitespace and one separator.
std::size_t next_item(std::string_view text, std::size_t at) {
  at = skip_spaces(text, at);
  if (at < text.size() && (text[at] == ',' || text[at] == ':')) ++at;
  return skip_spaces(text, at);
}

bool is_closed(std::string_view text, std::size_t at) {
  return at >= text.size() || text[at] == '}' || text[at] == ']';
}

}  // namespace

bool is_depth_within(std::string_view text, std::size_t max_depth) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      continue;
    }
    if ((c == '{' || c == '[') && ++depth > max_depth) return false;
    if ((c == '}' || c == ']') && depth > 0) --depth;
    ++at;
  }
  return true;
}

std::optional<std::string_view> raw_member(std::string_view object, std::string_view key) {
  std::optional<std::string_view> found;
  std::size_t at = skip_spaces(object, 0) + 1;
  for (at = skip_spaces(object, at); !is_closed(object, at);) {
    const std::size_t key_end = end_of_string(object, at);
    if (key_end < at + 2) break;
    const std::string_view name = object.substr(at + 1, key_end - at - 2);
    const std::size_t value = next_item(object, key_end);
    const std::size_t value_end = end_of_value(object, value);
    if (name == key) found = object.substr(value, value_end - value);
    at = next_item(object, value_end);
  }
  return found;
}

std::vector<std::string_view> raw_elements(std::string_view array) {
  std::vector<std::string_view> elements;
  std::size_t at = skip_spaces(array, 0) + 1;
  for (at = skip_spaces(array, at); !is_closed(array, at);) {
    const std::size_t end = end_of_value(array, at);
    elements.push_back(array.substr(at, end - at));
    at = next_item(array, end);
  }
  return elements;
}

std::string compacted(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      const std::size_t end = end_of_string(text, at);
      out.append(text.substr(at, end - at));
      at = end;
      continue;
    }
    if (!is_space(text[at])) out.push_back(text[at]);
    ++at;
  }
  return out;
}

}  // namespace icebreaker::signaling
