#include <sstream>

#include <toml++/toml.h>

#include "common/service/config_file.hpp"
#include "common/service/config_node.hpp"

namespace icebreaker::service {
namespace {

int line_of(const toml::node& node) {
  return static_cast<int>(node.source().begin.line);
}

std::unique_ptr<ConfigNode> node_from(const toml::node& source, const ConfigNode& parent,
                                      std::string_view key);

ConfigNode::Value value_from(const toml::node& source, const ConfigNode& self) {
  if (const auto* text = source.as_string()) return text->get();
  if (const auto* number = source.as_integer()) return number->get();
  if (const auto* flag = source.as_boolean()) return flag->get();
  if (const auto* array = source.as_array()) {
    ConfigNode::Array result;
    for (const toml::node& each : *array) result.elements.push_back(node_from(each, self, {}));
    return result;
  }
  if (const auto* table = source.as_table()) {
    ConfigNode::Table result;
    for (const auto& [key, each] : *table) {
      result.entries.push_back(node_from(each, self, key.str()));
      // A table that only its sub-tables' headers imply has no place of its own, nor has a value
      // more exact a line than its key.
      auto& added = *result.entries.back();
      if (const auto at = key.source().begin.line; at != 0) added.line = static_cast<int>(at);
    }
    return result;
  }
  return ConfigNode::Other{};
}

// An array's elements have their array's path and an empty key.
std::unique_ptr<ConfigNode> node_from(const toml::node& source, const ConfigNode& parent,
                                      std::string_view key) {
  auto node = std::make_unique<ConfigNode>();
  node->key = key;
  node->path = parent.path;
  if (!key.empty()) {
    if (!node->path.empty()) node->path += '.';
    node->path += key;
  }
  node->line = line_of(source) != 0 ? line_of(source) : parent.line;
  node->value = value_from(source, *node);
  return node;
}

}  // namespace

std::shared_ptr<ConfigNode> parse_toml(const std::string& name, std::string_view text) {
  try {
    const toml::table table = toml::parse(text, std::string_view{name});
    auto root = node_from(table, ConfigNode{}, {});
    root->file = name;
    return root;
  } catch (const toml::parse_error& error) {
    std::ostringstream line;
    line << name << ':' << error.source().begin.line << ": not TOML: " << error.description();
    throw ConfigError(line.str());
  }
}

}  // namespace icebreaker::service
