#include "common/service/config_file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "common/base/check.hpp"
#include "common/service/config_node.hpp"

namespace icebreaker::service {
namespace {

constexpr std::string_view kFileSuffix = "_file";
constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20U;

template <class T>
T* as(ConfigNode* node) {
  return node == nullptr ? nullptr : std::get_if<T>(&node->value);
}

std::string read_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw ConfigError("is a directory");
  std::ifstream file{path, std::ios::binary};
  if (!file) throw ConfigError(std::generic_category().message(errno));
  // /dev/zero has no end, and a file of that size is no configuration.
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw ConfigError("cannot be read");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) throw ConfigError("is larger than 1 MiB");
  return text;
}

std::string in_quotes(std::string_view word) {
  return '`' + std::string{word} + '`';
}

std::string did_you_mean(std::string_view nearest) {
  return nearest.empty() ? "" : "; did you mean " + in_quotes(nearest) + '?';
}

std::vector<std::string_view> views_of(const std::set<std::string, std::less<>>& words) {
  return {words.begin(), words.end()};
}

struct UnknownKey {
  const ConfigNode* node = nullptr;
  std::string_view nearest;
};

void find_unknown(const ConfigNode& node, UnknownKey& first) {
  if (const auto* array = std::get_if<ConfigNode::Array>(&node.value)) {
    for (const auto& each : array->elements) find_unknown(*each, first);
  }
  const auto* table = std::get_if<ConfigNode::Table>(&node.value);
  if (table == nullptr) return;
  for (const auto& entry : table->entries) {
    if (node.asked.contains(entry->key)) {
      find_unknown(*entry, first);
    } else if (first.node == nullptr || entry->line < first.node->line) {
      first = {entry.get(), nearest_word(entry->key, views_of(node.asked))};
    }
  }
}

std::chrono::milliseconds unit_of(std::string_view key) {
  if (key.ends_with("_ms")) return std::chrono::milliseconds{1};
  ICEBREAKER_CHECK(key.ends_with("_s") || key.ends_with("seconds"));
  return std::chrono::seconds{1};
}

std::string without_last_line_break(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

ConfigFile ConfigFile::open(const std::string& path) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const ConfigError& error) {
    throw ConfigError(path + ": cannot read the configuration: " + error.what());
  }
  return parse(path, text);
}

ConfigFile ConfigFile::parse(const std::string& name, std::string_view text) {
  return ConfigFile{parse_toml(name, text)};
}

const std::string& ConfigFile::name() const {
  return root_->file;
}

void ConfigFile::finish() const {
  UnknownKey unknown;
  find_unknown(*root_, unknown);
  if (unknown.node == nullptr) return;
  const std::string_view kind =
      std::holds_alternative<ConfigNode::Table>(unknown.node->value) ? "section" : "key";
  throw ConfigError(root_->file + ':' + std::to_string(unknown.node->line) + ": " +
                    unknown.node->path + ": unknown " + std::string{kind} +
                    did_you_mean(unknown.nearest));
}

ConfigSection::ConfigSection(std::shared_ptr<ConfigNode> root, ConfigNode* node)
    : root_{std::move(root)}, node_{node} {}

int ConfigSection::line() const {
  return node_ == nullptr ? 0 : node_->line;
}

bool ConfigSection::has(std::string_view key) const {
  return find(key) != nullptr;
}

std::string ConfigSection::text(std::string_view key, std::string_view otherwise) const {
  return find_text(key).value_or(std::string{otherwise});
}

std::optional<std::string> ConfigSection::find_text(std::string_view key) const {
  ConfigNode* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (const auto* text = as<std::string>(node)) return *text;
  fail(key, "must be a text in quotes");
}

std::string ConfigSection::required_text(std::string_view key) const {
  auto text = find_text(key);
  if (!text) fail_missing(key);
  if (text->empty()) fail(key, "must not be empty");
  return *text;
}

std::int64_t ConfigSection::integer(std::string_view key, std::int64_t otherwise,
                                    IntegerRange range) const {
  ConfigNode* node = find(key);
  if (node == nullptr) return otherwise;
  const auto* number = as<std::int64_t>(node);
  if (number == nullptr) fail(key, "must be a whole number");
  if (*number < range.min || *number > range.max) {
    const bool open = range.max == IntegerRange{}.max;
    fail(key, std::to_string(*number) + " is out of range: " +
                  (open ? "at least " + std::to_string(range.min)
                        : std::to_string(range.min) + " to " + std::to_string(range.max)));
  }
  return *number;
}

bool ConfigSection::boolean(std::string_view key, bool otherwise) const {
  ConfigNode* node = find(key);
  if (node == nullptr) return otherwise;
  if (const auto* flag = as<bool>(node)) return *flag;
  fail(key, "must be true or false");
}

std::chrono::milliseconds ConfigSection::duration(std::string_view key,
                                                  std::chrono::milliseconds otherwise,
                                                  DurationRange range) const {
  const auto unit = unit_of(key);
  const IntegerRange in_units{range.min / unit, range.max / unit};
  return integer(key, otherwise / unit, in_units) * unit;
}

std::vector<std::string> ConfigSection::texts(std::string_view key) const {
  ConfigNode* node = find(key);
  if (node == nullptr) return {};
  const auto* array = as<ConfigNode::Array>(node);
  if (array == nullptr) fail(key, "must be a list of texts: [\"…\", \"…\"]");
  std::vector<std::string> result;
  for (const auto& each : array->elements) {
    const auto* text = as<std::string>(each.get());
    if (text == nullptr) fail_at(each.get(), key, "every element must be a text in quotes");
    result.push_back(*text);
  }
  return result;
}

ConfigSection ConfigSection::section(std::string_view key) const {
  ConfigNode* node = find(key);
  if (node != nullptr && as<ConfigNode::Table>(node) == nullptr) {
    fail(key, "must be a section: [" + path_of(key) + "]");
  }
  return {root_, node};
}

std::vector<ConfigSection> ConfigSection::sections(std::string_view key) const {
  ConfigNode* node = find(key);
  if (node == nullptr) return {};
  const std::string wanted = "must be a list of sections: [[" + path_of(key) + "]]";
  const auto* array = as<ConfigNode::Array>(node);
  if (array == nullptr) fail(key, wanted);
  std::vector<ConfigSection> result;
  for (const auto& each : array->elements) {
    if (as<ConfigNode::Table>(each.get()) == nullptr) fail_at(each.get(), key, wanted);
    result.emplace_back(root_, each.get());
  }
  return result;
}

std::optional<std::string> ConfigSection::secret(std::string_view key) const {
  const std::string file_key = std::string{key} + std::string{kFileSuffix};
  std::string inline_text = text(key, "");
  const std::string path = text(file_key, "");
  if (!inline_text.empty() && !path.empty()) {
    fail(file_key, "give either " + in_quotes(key) + " or " + in_quotes(file_key) + ", not both");
  }
  if (!inline_text.empty()) return inline_text;
  if (path.empty()) return std::nullopt;
  auto content = without_last_line_break(text_of_file(file_key));
  if (content.empty()) fail(file_key, "the file " + path + " is empty");
  return content;
}

std::vector<std::string> ConfigSection::secrets(std::string_view key) const {
  const std::string file_key = std::string{key} + std::string{kFileSuffix};
  std::vector<std::string> result = texts(key);
  for (const std::string& each : result) {
    if (each.empty()) fail(key, "a secret must not be empty");
  }
  if (text(file_key, "").empty()) return result;
  const std::string content = text_of_file(file_key);
  for (std::size_t start = 0; start < content.size();) {
    const std::size_t end = std::min(content.find('\n', start), content.size());
    auto line = without_last_line_break(content.substr(start, end - start));
    if (!line.empty()) result.push_back(std::move(line));
    start = end + 1;
  }
  return result;
}

void ConfigSection::fail(std::string_view key, std::string_view what) const {
  const ConfigNode* at = find(key);
  fail_at(at != nullptr ? at : node_, key, what);
}

void ConfigSection::fail_at(const ConfigNode* node, std::string_view key,
                            std::string_view what) const {
  const int at = node == nullptr ? 1 : node->line;
  throw ConfigError(root_->file + ':' + std::to_string(at) + ": " + path_of(key) + ": " +
                    std::string{what});
}

void ConfigSection::fail_missing(std::string_view key) const {
  std::vector<std::string_view> not_asked;
  if (const auto* table = as<ConfigNode::Table>(node_)) {
    for (const auto& each : table->entries) {
      if (!node_->asked.contains(each->key)) not_asked.emplace_back(each->key);
    }
  }
  const std::string_view nearest = nearest_word(key, not_asked);
  fail(key, nearest.empty()
                ? "is missing"
                : "is missing; " + in_quotes(nearest) + " looks like a misspelling of it");
}

void ConfigSection::fail_choice(std::string_view key, std::string_view word,
                                const std::vector<std::string_view>& names) const {
  std::string what = in_quotes(word) + " is none of ";
  for (const std::string_view each : names) {
    what += in_quotes(each) + (each.data() == names.back().data() ? "" : ", ");
  }
  fail(key, what + did_you_mean(nearest_word(word, names)));
}

std::string ConfigSection::text_of_file(std::string_view key) const {
  const auto folder = std::filesystem::path{root_->file}.parent_path();
  const std::string path = folder / text(key, "");
  try {
    return read_file(path);
  } catch (const ConfigError& error) {
    fail(key, "cannot read " + path + ": " + error.what());
  }
}

std::string ConfigSection::path_of(std::string_view key) const {
  if (node_ == nullptr || node_->path.empty()) return std::string{key};
  return node_->path + '.' + std::string{key};
}

ConfigNode* ConfigSection::find(std::string_view key) const {
  const auto* table = as<ConfigNode::Table>(node_);
  if (table == nullptr) return nullptr;
  node_->asked.emplace(key);
  for (const auto& each : table->entries) {
    if (each->key == key) return each.get();
  }
  return nullptr;
}

}  // namespace icebreaker::service
