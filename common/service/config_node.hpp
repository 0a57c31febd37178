// The parsed configuration as a plain tree, so that only one file includes the TOML library.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace icebreaker::service {

struct ConfigNode {
  using Children = std::vector<std::unique_ptr<ConfigNode>>;

  struct Table {
    Children entries;
  };

  struct Array {
    Children elements;
  };

  // Floating-point numbers, dates and times: no key takes one.
  struct Other {};

  using Value = std::variant<Other, std::string, std::int64_t, bool, Array, Table>;

  std::string file;  // name for errors; set in the root only
  std::string key;
  std::string path;  // "ice.turn.secret"
  int line = 1;
  Value value;
  std::set<std::string, std::less<>> asked;  // keys of a table that a getter asked for
};

// Throws ConfigError when the text is not TOML.
std::shared_ptr<ConfigNode> parse_toml(const std::string& name, std::string_view text);

// The candidate that `word` is probably a misspelling of; empty when none is near.
std::string_view nearest_word(std::string_view word,
                              const std::vector<std::string_view>& candidates);

}  // namespace icebreaker::service
