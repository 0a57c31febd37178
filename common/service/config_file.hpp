// Typed reading of a TOML configuration file. Every error is a ConfigError whose text is
// "file:line: key: what is wrong"; keys that no getter asked for are refused by finish().
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/address.hpp"

namespace icebreaker::service {

class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct IntegerRange {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct DurationRange {
  std::chrono::milliseconds min{0};
  std::chrono::milliseconds max = std::chrono::hours{24 * 365};
};

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;  // included
};

struct ConfigNode;

// One table of the file. An absent table reads as an empty one. Cheap to copy; valid as long as
// any section or the file lives.
class ConfigSection {
 public:
  ConfigSection(std::shared_ptr<ConfigNode> root, ConfigNode* node);

  [[nodiscard]] bool has(std::string_view key) const;
  // Of the table's own header, or 0 when it is absent.
  [[nodiscard]] int line() const;

  // Getters: an absent key yields the default (or nothing); a wrong type or value throws.
  [[nodiscard]] std::string text(std::string_view key, std::string_view otherwise) const;
  [[nodiscard]] std::optional<std::string> find_text(std::string_view key) const;
  [[nodiscard]] std::string required_text(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t otherwise,
                                     IntegerRange range) const;
  [[nodiscard]] bool boolean(std::string_view key, bool otherwise) const;
  // The key says the unit: it ends in "_ms", or in "_s" or "seconds".
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view key,
                                                   std::chrono::milliseconds otherwise,
                                                   DurationRange range) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  [[nodiscard]] std::vector<Cidr> cidrs(std::string_view key) const;
  [[nodiscard]] std::vector<IpAddress> ip_addresses(std::string_view key) const;
  [[nodiscard]] std::optional<SocketAddress> socket_address(std::string_view key) const;
  [[nodiscard]] SocketAddress required_socket_address(std::string_view key) const;
  // "49152-65535"
  [[nodiscard]] PortRange ports(std::string_view key, PortRange otherwise) const;

  // `key` inline, or the content of the file that `key`_file names (without its last line break);
  // both at once is an error. An empty text counts as absent.
  [[nodiscard]] std::optional<std::string> secret(std::string_view key) const;
  // Array `key` and the non-empty lines of the file that `key`_file names, together.
  [[nodiscard]] std::vector<std::string> secrets(std::string_view key) const;

  // One of a fixed set of words.
  template <class E>
  [[nodiscard]] E choice(std::string_view key, E otherwise,
                         std::initializer_list<std::pair<std::string_view, E>> options) const {
    const auto word = find_text(key);
    if (!word) return otherwise;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : options) {
      if (name == *word) return value;
      names.push_back(name);
    }
    fail_choice(key, *word, names);
  }

  [[nodiscard]] ConfigSection section(std::string_view key) const;
  // [[key]] or key = [{…}, {…}]
  [[nodiscard]] std::vector<ConfigSection> sections(std::string_view key) const;

  // For checks of the caller's own: "file:line: key: what".
  [[noreturn]] void fail(std::string_view key, std::string_view what) const;

 private:
  [[nodiscard]] ConfigNode* find(std::string_view key) const;
  [[noreturn]] void fail_at(const ConfigNode* node, std::string_view key,
                            std::string_view what) const;
  [[noreturn]] void fail_missing(std::string_view key) const;
  [[noreturn]] void fail_choice(std::string_view key, std::string_view word,
                                const std::vector<std::string_view>& names) const;
  [[nodiscard]] std::string text_of_file(std::string_view key) const;
  [[nodiscard]] std::string path_of(std::string_view key) const;

  std::shared_ptr<ConfigNode> root_;
  ConfigNode* node_;  // null: absent
};

class ConfigFile {
 public:
  // Throws ConfigError when it cannot be read or is not TOML.
  static ConfigFile open(const std::string& path);
  // `name` stands for the file in errors.
  static ConfigFile parse(const std::string& name, std::string_view text);

  [[nodiscard]] ConfigSection root() const { return ConfigSection{root_, root_.get()}; }

  [[nodiscard]] const std::string& name() const;

  // Call after everything was read: the first key or table, anywhere, that was not asked for is
  // an error with the nearest known key as a suggestion.
  void finish() const;

 private:
  explicit ConfigFile(std::shared_ptr<ConfigNode> root) : root_{std::move(root)} {}

  std::shared_ptr<ConfigNode> root_;
};

}  // namespace icebreaker::service
