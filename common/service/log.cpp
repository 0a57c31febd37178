#include "common/service/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "common/service/log_text.hpp"

namespace icebreaker::service {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warn:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// spdlog's own %l says "warning".
class LevelName final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    std::string_view name = "ERROR";
    if (message.level == spdlog::level::debug) name = "DEBUG";
    if (message.level == spdlog::level::info) name = "INFO";
    if (message.level == spdlog::level::warn) name = "WARN";
    out.append(name.data(), name.data() + name.size());
  }

  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelName>();
  }
};

std::unique_ptr<spdlog::formatter> formatter_for(LogFormat format) {
  const char* pattern = format == LogFormat::Text
                            ? "%Y-%m-%dT%H:%M:%S.%eZ %* %v"
                            : R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%*",%v})";
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<LevelName>('*').set_pattern(pattern);
  return formatter;
}

}  // namespace

struct Log::Impl {
  LogFormat format;
  spdlog::logger logger;
};

std::optional<LogLevel> log_level_of(std::string_view word) {
  if (word == "debug") return LogLevel::Debug;
  if (word == "info") return LogLevel::Info;
  if (word == "warn") return LogLevel::Warn;
  if (word == "error") return LogLevel::Error;
  return std::nullopt;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warn:
      return "warn";
    case LogLevel::Error:
      return "error";
  }
  return "unknown";
}

Log::Log(LogLevel level, LogFormat format)
    : impl_{std::make_unique<Impl>(
          format,
          spdlog::logger{"icebreaker", std::make_shared<spdlog::sinks::stderr_sink_mt>()})} {
  impl_->logger.set_formatter(formatter_for(format));
  set_level(level);
}

Log::~Log() = default;

void Log::set_level(LogLevel level) {
  impl_->logger.set_level(spdlog_level(level));
}

bool Log::enabled(LogLevel level) const {
  return impl_->logger.should_log(spdlog_level(level));
}

void Log::write(LogLevel level, std::string_view component, std::string_view message,
                std::span<const LogField> fields) {
  std::string line;
  if (impl_->format == LogFormat::Text) {
    line.append(component).append(": ").append(text_line(message, fields));
  } else {
    line.append("\"component\":\"")
        .append(component)
        .append("\",")
        .append(json_members(message, fields));
  }
  impl_->logger.log(spdlog_level(level), spdlog::string_view_t{line.data(), line.size()});
}

std::optional<std::uint64_t> LogLimiter::admit(MonoTime now) {
  if (!window_start_ || now - *window_start_ >= interval_) {
    window_start_ = now;
    in_window_ = 0;
  }
  if (in_window_ == burst_) {
    ++held_back_;
    return std::nullopt;
  }
  ++in_window_;
  return std::exchange(held_back_, 0);
}

void Logger::write_limited(LogLevel level, LogLimiter& limiter, MonoTime now,
                           std::string_view message, LogFields fields) const {
  if (!enabled(level)) return;
  const auto held_back = limiter.admit(now);
  if (!held_back) return;
  std::vector<LogField> all{fields};
  if (*held_back > 0) all.push_back({"held_back", *held_back});
  log_->write(level, component_, message, all);
}

}  // namespace icebreaker::service
