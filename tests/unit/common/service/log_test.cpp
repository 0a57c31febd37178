#include "common/service/log.hpp"

#include <gtest/gtest.h>

#include "common/service/log_text.hpp"

namespace icebreaker::service {
namespace {

using namespace std::chrono_literals;

std::string text(std::string_view message, LogFields fields = {}) {
  return text_line(message, {fields.begin(), fields.size()});
}

std::string json(std::string_view message, LogFields fields = {}) {
  return json_members(message, {fields.begin(), fields.size()});
}

TEST(LogText, WritesKeyValuePairs) {
  const auto address = SocketAddress::parse("[::1]:3478");

  EXPECT_EQ(text("listening", {{"transport", "udp"},
                               {"address", *address},
                               {"workers", 2},
                               {"share", 0.5},
                               {"tls", false},
                               {"error", std::make_error_code(std::errc::address_in_use)}}),
            "listening transport=udp address=[::1]:3478 workers=2 share=0.5 tls=false "
            "error=\"Address already in use\"");
}

TEST(LogText, QuotesValuesThatWouldReadAsSomethingElse) {
  EXPECT_EQ(text("m", {{"a", "two words"}, {"b", ""}, {"c", "x=y"}, {"d", "say \"hi\" \\"}}),
            R"(m a="two words" b="" c="x=y" d="say \"hi\" \\")");
}

TEST(LogText, NeverBreaksTheLine) {
  EXPECT_EQ(text("m\nERROR forged", {{"a", "x\r\n2026 ERROR forged"}}),
            R"(m\nERROR forged a="x\r\n2026 ERROR forged")");
}

TEST(LogText, EscapesWhatTerminalsObey) {
  EXPECT_EQ(text("m", {{"a", "\x1b[2J"}, {"b", std::string_view{"\0", 1}}, {"c", "\x7f"}}),
            R"(m a="\x1b[2J" b="\x00" c="\x7f")");
  EXPECT_EQ(text("m", {{"c1", "\xC2\x9B"}, {"line", "\xE2\x80\xA8"}}),
            R"(m c1="\xc2\x9b" line="\xe2\x80\xa8")");
}

TEST(LogText, KeepsWellFormedUtf8AndEscapesTheRest) {
  EXPECT_EQ(text("m", {{"ok", "Zoë €"}, {"emoji", "🧊"}}), "m ok=\"Zoë €\" emoji=\"🧊\"");
  EXPECT_EQ(text("m", {{"lone", "\xFF"}, {"short", "\xE2\x82"}, {"overlong", "\xC0\xAF"}}),
            R"(m lone="\xff" short="\xe2\x82" overlong="\xc0\xaf")");
  EXPECT_EQ(text("m", {{"surrogate", "\xED\xA0\x80"}, {"beyond", "\xF4\x90\x80\x80"}}),
            R"(m surrogate="\xed\xa0\x80" beyond="\xf4\x90\x80\x80")");
}

TEST(LogText, KeepsQuotesOfTheMessage) {
  EXPECT_EQ(text("use \"a\\b\" next"), "use \"a\\b\" next");
}

TEST(LogJson, WritesNumbersAndFlagsBareAndEscapesText) {
  EXPECT_EQ(json("a \"b\"\n", {{"n", -3}, {"t", true}, {"s", "\x01\xFF"}, {"d", 1.5}}),
            R"("message":"a \"b\"\n","n":-3,"t":true,"s":"\u0001\u00ff","d":1.5)");
  EXPECT_EQ(json("m", {{"d", std::numeric_limits<double>::infinity()}}),
            R"("message":"m","d":"inf")");
}

TEST(Log, WritesOneLineToStderrInTheTextFormat) {
  testing::internal::CaptureStderr();
  Log log{LogLevel::Info, LogFormat::Text};
  const Logger logger{log, "turn"};

  logger.info("ready", {{"listen", "udp:0.0.0.0:3478"}});
  logger.debug("not shown");

  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(line.ends_with("Z INFO turn: ready listen=udp:0.0.0.0:3478\n")) << line;
  EXPECT_EQ(line.find('T'), 10U) << line;
  EXPECT_EQ(line.find("Z INFO"), 23U) << line;
}

TEST(Log, WritesJsonLines) {
  testing::internal::CaptureStderr();
  Log log{LogLevel::Info, LogFormat::Json};

  Logger{log, "stun"}.warn("odd", {{"count", 2}});

  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(line.starts_with(R"({"time":"2)")) << line;
  EXPECT_TRUE(line.ends_with(
      "Z\",\"level\":\"WARN\",\"component\":\"stun\",\"message\":\"odd\",\"count\":2}\n"))
      << line;
}

TEST(Log, ChangesItsLevelWhileRunning) {
  testing::internal::CaptureStderr();
  Log log{LogLevel::Error, LogFormat::Text};
  const Logger logger{log, "x"};

  logger.info("hidden");
  log.set_level(LogLevel::Debug);
  logger.debug("shown");

  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(lines.find("hidden"), std::string::npos);
  EXPECT_NE(lines.find("DEBUG x: shown"), std::string::npos);
}

TEST(LogLimiter, AdmitsABurstPerIntervalAndCountsTheRest) {
  LogLimiter limiter{2, 10s};
  const MonoTime start{};

  EXPECT_EQ(limiter.admit(start), 0U);
  EXPECT_EQ(limiter.admit(start + 1s), 0U);
  EXPECT_FALSE(limiter.admit(start + 2s).has_value());
  EXPECT_FALSE(limiter.admit(start + 9s).has_value());
  EXPECT_EQ(limiter.admit(start + 10s), 2U);
  EXPECT_EQ(limiter.admit(start + 11s), 0U);
}

TEST(Log, SaysHowManyLinesALimiterHeldBack) {
  testing::internal::CaptureStderr();
  Log log{LogLevel::Info, LogFormat::Text};
  const Logger logger{log, "x"};
  LogLimiter limiter{1, 10s};
  const MonoTime start{};

  logger.warn_limited(limiter, start, "first", {{"a", 1}});
  logger.warn_limited(limiter, start, "swallowed");
  logger.info_limited(limiter, start, "swallowed as well");
  logger.warn_limited(limiter, start + 10s, "second", {{"a", 2}});
  logger.info_limited(limiter, start + 20s, "third");

  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_NE(lines.find("WARN x: first a=1\n"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("swallowed"), std::string::npos) << lines;
  EXPECT_NE(lines.find("WARN x: second a=2 held_back=2\n"), std::string::npos) << lines;
  EXPECT_NE(lines.find("INFO x: third\n"), std::string::npos) << lines;
}

}  // namespace
}  // namespace icebreaker::service
