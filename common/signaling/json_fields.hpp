// Reads the fields of one JSON object and remembers the first thing that is wrong, so that a
// decoder reads all fields and checks once. Included by the decoders only: it pulls in
// nlohmann/json.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/signaling/messages.hpp"
#include "common/signaling/names.hpp"

namespace icebreaker::signaling {

using Json = nlohmann::json;

enum class Need : std::uint8_t { Required, Optional };

class JsonFields {
 public:
  // An object that outlives this.
  explicit JsonFields(const Json& object) : object_{object} {}

  [[nodiscard]] const std::string& problem() const { return problem_; }

  [[nodiscard]] bool failed() const { return !problem_.empty(); }

  const Json* find(const char* key) const {
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  // 1 to 64 of A-Z a-z 0-9 . _ -; empty when absent.
  std::string name(const char* key, Need need) {
    std::string value = text(key, need, kMaxNameLength);
    if (find(key) != nullptr && !is_valid_name(value)) {
      fail(key, "must be 1 to 64 of A-Z a-z 0-9 . _ -");
    }
    return value;
  }

  std::string display_name(const char* key) {
    // A code point takes four bytes at most.
    std::string value = text(key, Need::Optional, 4 * kMaxDisplayNamePoints);
    if (count_code_points(value) > kMaxDisplayNamePoints) {
      fail(key, "must have at most 64 characters");
    }
    return value;
  }

  std::string text(const char* key, Need need, std::size_t max_bytes) {
    const Json* value = get(key, need);
    if (value == nullptr) return {};
    if (!value->is_string()) return fail(key, "must be a string"), std::string{};
    const auto& found = value->get_ref<const std::string&>();
    if (found.size() > max_bytes) return fail(key, "is too long"), std::string{};
    if (found.empty() && need == Need::Required) fail(key, "must not be empty");
    return found;
  }

  std::optional<std::uint64_t> integer(const char* key, Need need, std::uint64_t min = 0,
                                       std::uint64_t max = kMaxWireInteger) {
    const Json* value = get(key, need);
    if (value == nullptr) return std::nullopt;
    const bool fits = value->is_number_unsigned() && value->get<std::uint64_t>() >= min &&
                      value->get<std::uint64_t>() <= max;
    if (!fits) {
      fail(key, "must be an integer of " + std::to_string(min) + " to " + std::to_string(max));
      return std::nullopt;
    }
    return value->get<std::uint64_t>();
  }

  std::optional<double> number(const char* key, double min) {
    const Json* value = get(key, Need::Optional);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number() || value->get<double>() < min) {
      fail(key, "must be a number in range");
      return std::nullopt;
    }
    return value->get<double>();
  }

  bool boolean(const char* key) {
    const Json* value = get(key, Need::Required);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return fail(key, "must be true or false"), false;
    return value->get<bool>();
  }

  template <class Enum, std::size_t Size>
  Enum choice(const char* key, const std::array<std::string_view, Size>& names) {
    const auto index = index_of(names, text(key, Need::Required, kMaxNameLength));
    if (!index) fail(key, "has an unknown value");
    return static_cast<Enum>(index.value_or(0));
  }

  // Null when absent or not an object.
  const Json* object(const char* key, Need need) {
    const Json* value = get(key, need);
    if (value == nullptr || value->is_object()) return value;
    fail(key, "must be an object");
    return nullptr;
  }

  const Json* array(const char* key) {
    const Json* value = get(key, Need::Required);
    if (value == nullptr || value->is_array()) return value;
    fail(key, "must be an array");
    return nullptr;
  }

  void fail(std::string_view key, std::string_view what) {
    if (failed()) return;
    problem_.append("'").append(key).append("' ").append(what);
  }

  // Of an inner object.
  void take_problem(const JsonFields& inner) {
    if (!failed()) problem_ = inner.problem_;
  }

 private:
  const Json* get(const char* key, Need need) {
    const Json* value = find(key);
    if (value == nullptr && need == Need::Required) fail(key, "is missing");
    return value;
  }

  const Json& object_;
  std::string problem_;
};

// Absent for what is not valid JSON, or is nested too deeply. The result may be any JSON value.
std::optional<Json> parse_json(std::string_view text, std::size_t max_depth = kMaxJsonDepth);

}  // namespace icebreaker::signaling
