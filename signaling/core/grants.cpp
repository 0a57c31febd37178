#include "signaling/core/grants.hpp"

#include <algorithm>
#include <utility>

#include "common/base/parse_number.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::string_view kVersion = "g1";

// Names hold none of the separators.
void put_patterns(std::string& out, std::string_view key, const std::optional<NamePatterns>& list) {
  if (!list) return;
  out.append(";").append(key).append("=");
  std::string_view separator;
  for (const std::string& pattern : *list) {
    out.append(separator).append(pattern);
    separator = ",";
  }
}

// Up to the separator, which is removed too.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const std::string_view first = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return first;
}

std::optional<NamePatterns> parse_patterns(std::string_view text) {
  NamePatterns patterns;
  while (!text.empty()) {
    const std::string_view pattern = take_until(text, ',');
    if (!is_valid_pattern(pattern)) return std::nullopt;
    patterns.emplace_back(pattern);
  }
  return patterns;
}

}  // namespace

std::string to_text(const Grants& grants) {
  std::string text{kVersion};
  put_patterns(text, "rooms", grants.rooms);
  put_patterns(text, "match", grants.match);
  put_patterns(text, "watch", grants.watch);
  if (grants.capacity) text.append(";capacity=").append(std::to_string(*grants.capacity));
  return text;
}

std::optional<Grants> parse_grants(std::string_view text) {
  if (take_until(text, ';') != kVersion) return std::nullopt;
  Grants grants;
  while (!text.empty()) {
    std::string_view value = take_until(text, ';');
    const std::string_view key = take_until(value, '=');
    if (key == "capacity") {
      grants.capacity = parse_number<std::uint32_t>(value);
      if (!grants.capacity) return std::nullopt;
      continue;
    }
    auto patterns = parse_patterns(value);
    if (!patterns) return std::nullopt;
    if (key == "rooms") {
      grants.rooms = std::move(patterns);
    } else if (key == "match") {
      grants.match = std::move(patterns);
    } else if (key == "watch") {
      grants.watch = std::move(patterns);
    } else {
      return std::nullopt;  // of a newer version: what it restricts is not known
    }
  }
  return grants;
}

bool matches(const NamePatterns& patterns, std::string_view name) {
  return std::ranges::any_of(patterns, [name](std::string_view pattern) {
    if (!pattern.ends_with('*')) return pattern == name;
    pattern.remove_suffix(1);
    return name.starts_with(pattern);
  });
}

}  // namespace icebreaker::signaling
