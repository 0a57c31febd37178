// Tables and scripts of tests/data/signaling that the JavaScript client passes as well.
#include <array>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/signaling/json_codec.hpp"
#include "common/signaling_client/backoff.hpp"
#include "common/signaling_client/closure.hpp"
#include "common/signaling_client/session_state.hpp"
#include "tests/unit/common/signaling/golden.hpp"

namespace icebreaker::signaling_client {
namespace {

using nlohmann::json;
using signaling::testing::load_golden;

constexpr std::array<std::string_view, 8> kReasons{
    "network", "busy", "goaway", "session_lost", "superseded", "too_large", "bad", "refused"};

std::optional<signaling::server::Error> error_in(const json& row) {
  if (!row.contains("error")) return std::nullopt;
  const auto decoded = signaling::decode_server(row["error"].dump());
  EXPECT_TRUE(decoded.has_value()) << row.dump();
  return std::get<signaling::server::Error>(decoded->message);
}

TEST(SharedData, ClosuresMeanTheSameAsInThePage) {
  for (const json& row : load_golden("closures.json")) {
    const auto retry_after =
        row.contains("header_ms")
            ? std::optional{std::chrono::milliseconds{row["header_ms"].get<int>()}}
            : std::nullopt;
    const Closure closure =
        row.contains("close_code")
            ? closure_of_socket(row["close_code"].get<std::uint16_t>(), error_in(row))
            : closure_of_http(row["status"].get<std::uint16_t>(), error_in(row), retry_after);

    EXPECT_EQ(kReasons.at(static_cast<std::size_t>(closure.reason)),
              row["reason"].get<std::string>())
        << row.dump();
    const std::int64_t told = closure.retry_after ? closure.retry_after->count() : -1;
    EXPECT_EQ(told, row.value("retry_after_ms", std::int64_t{-1})) << row.dump();
  }
}

TEST(SharedData, BackoffsAreTheSameAsInThePage) {
  for (const json& row : load_golden("backoff.json")) {
    EXPECT_EQ(backoff(row["attempt"], row["random"]).count(), row["ms"]) << row.dump();
  }
}

std::vector<std::array<std::uint64_t, 2>> numbered(
    const std::vector<SessionState::Unsent>& unsent) {
  std::vector<std::array<std::uint64_t, 2>> pairs;
  for (const auto& each : unsent) {
    pairs.push_back({each.n, json::parse(each.text)["data"]["number"]});
  }
  return pairs;
}

void run(SessionState& session, const json& step) {
  const json& expected = step.contains("gives") ? step["gives"] : json{};
  if (step.contains("enqueue")) {
    for (const json& number : step["enqueue"]) {
      const json data{{"number", number}, {"text", std::string(step.value("pad", 0U), 'x')}};
      session.enqueue(signaling::client::Signal{{"p2"}, data.dump(), {}, {}});
    }
  } else if (step.contains("take")) {
    const auto room =
        step["take"].is_null() ? SessionState::kUnlimited : step["take"].get<std::size_t>();
    EXPECT_EQ(json(numbered(session.take_unsent(room))), expected) << step.dump();
  } else if (step.contains("confirm")) {
    session.confirm(step["confirm"]);
  } else if (step.contains("rewind_to")) {
    const bool rewound = session.rewind_to(step["rewind_to"]) == SessionState::Rewound::Yes;
    EXPECT_EQ(json(rewound), expected) << step.dump();
  } else if (step.contains("retry")) {
    EXPECT_EQ(json(session.retry(step["retry"])), expected) << step.dump();
  } else if (step.contains("allow")) {
    session.set_allowance(step["allow"].is_null() ? SessionState::kUnlimited
                                                  : step["allow"].get<std::size_t>());
  } else if (step.contains("rewind")) {
    session.rewind();
  } else if (step.contains("drop_largest")) {
    session.drop_largest();
  } else {
    ADD_FAILURE() << "unknown step " << step.dump();
  }
}

TEST(SharedData, NumberingScriptsGoAsInThePage) {
  for (const json& script : load_golden("numbering.json")) {
    SCOPED_TRACE(script["about"].get<std::string>());
    SessionState session;
    for (const json& step : script["steps"]) run(session, step);
    EXPECT_EQ(session.pending(), script["pending"]);
    EXPECT_EQ(session.waiting(), script["waiting"]);
  }
}

}  // namespace
}  // namespace icebreaker::signaling_client
