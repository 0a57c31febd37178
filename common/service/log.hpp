// Log lines to stderr: `<RFC 3339 ms UTC> LEVEL component: message key=value …`, or one JSON object
// a line. Any thread may write. Values can never break a line: control characters are escaped.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "common/base/address.hpp"
#include "common/base/time.hpp"

namespace icebreaker::service {

enum class LogLevel : std::uint8_t { Debug, Info, Warn, Error };
enum class LogFormat : std::uint8_t { Text, Json };

std::optional<LogLevel> log_level_of(std::string_view word);
std::string_view name_of(LogLevel level);

// A value of a key=value pair; borrows text until the line is written.
class LogValue {
 public:
  template <std::convertible_to<std::string_view> T>
  LogValue(const T& text)  // NOLINT(google-explicit-constructor): call sites read as pairs
      : value_{std::string_view{text}} {}

  template <std::integral T>
  LogValue(T number) {  // NOLINT(google-explicit-constructor)
    if constexpr (std::same_as<T, bool>) {
      value_ = number;
    } else if constexpr (std::signed_integral<T>) {
      value_ = static_cast<std::int64_t>(number);
    } else {
      value_ = static_cast<std::uint64_t>(number);
    }
  }

  LogValue(double number) : value_{number} {}  // NOLINT(google-explicit-constructor)

  LogValue(const IpAddress& ip) : value_{ip} {}  // NOLINT(google-explicit-constructor)

  LogValue(const SocketAddress& address)  // NOLINT(google-explicit-constructor)
      : value_{address} {}

  LogValue(const std::error_code& error) : value_{error} {}  // NOLINT(google-explicit-constructor)

  using Variant = std::variant<std::string_view, bool, std::int64_t, std::uint64_t, double,
                               IpAddress, SocketAddress, std::error_code>;

  [[nodiscard]] const Variant& variant() const { return value_; }

 private:
  Variant value_;
};

struct LogField {
  std::string_view key;
  LogValue value;
};

using LogFields = std::initializer_list<LogField>;

// Where lines go; owned by main, outlives every Logger.
class Log {
 public:
  Log(LogLevel level, LogFormat format);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  Log(Log&&) = delete;
  Log& operator=(Log&&) = delete;
  ~Log();

  // Any thread, at any time.
  void set_level(LogLevel level);
  [[nodiscard]] bool enabled(LogLevel level) const;

  void write(LogLevel level, std::string_view component, std::string_view message,
             std::span<const LogField> fields);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// At most `burst` lines per `interval`, and the count of those held back. For one thread.
class LogLimiter {
 public:
  LogLimiter(unsigned burst, std::chrono::milliseconds interval)
      : burst_{burst}, interval_{interval} {}

  // Nothing: hold the line back. Otherwise how many were held back since the last one.
  std::optional<std::uint64_t> admit(MonoTime now);

 private:
  unsigned burst_;
  std::chrono::milliseconds interval_;
  std::optional<MonoTime> window_start_;
  unsigned in_window_ = 0;
  std::uint64_t held_back_ = 0;
};

// One component's handle; copies are cheap.
class Logger {
 public:
  Logger(Log& log, std::string component) : log_{&log}, component_{std::move(component)} {}

  [[nodiscard]] bool enabled(LogLevel level) const { return log_->enabled(level); }

  void debug(std::string_view message, LogFields fields = {}) const {
    write(LogLevel::Debug, message, fields);
  }

  void info(std::string_view message, LogFields fields = {}) const {
    write(LogLevel::Info, message, fields);
  }

  void warn(std::string_view message, LogFields fields = {}) const {
    write(LogLevel::Warn, message, fields);
  }

  void error(std::string_view message, LogFields fields = {}) const {
    write(LogLevel::Error, message, fields);
  }

  // Adds held_back=N when the limiter swallowed lines before this one.
  void warn_limited(LogLimiter& limiter, MonoTime now, std::string_view message,
                    LogFields fields = {}) const {
    write_limited(LogLevel::Warn, limiter, now, message, fields);
  }

  void info_limited(LogLimiter& limiter, MonoTime now, std::string_view message,
                    LogFields fields = {}) const {
    write_limited(LogLevel::Info, limiter, now, message, fields);
  }

 private:
  void write_limited(LogLevel level, LogLimiter& limiter, MonoTime now, std::string_view message,
                     LogFields fields) const;

  void write(LogLevel level, std::string_view message, LogFields fields) const {
    if (enabled(level)) log_->write(level, component_, message, {fields.begin(), fields.size()});
  }

  Log* log_;
  std::string component_;
};

}  // namespace icebreaker::service
