#include "common/signaling/json_codec.hpp"

#include <gtest/gtest.h>

#include "common/signaling/names.hpp"
#include "tests/unit/common/signaling/golden.hpp"

namespace icebreaker::signaling {
namespace {

using nlohmann::json;
using testing::load_golden;

std::string long_signal(std::size_t bytes) {
  return R"({"type":"signal","n":3,"to":"p","data":{"x":")" + std::string(bytes, 'x') + R"("}})";
}

class GoldenClient : public ::testing::TestWithParam<std::string_view> {};

class GoldenServer : public ::testing::TestWithParam<std::string_view> {};

TEST_P(GoldenClient, DecodesAndEncodesToTheSameValue) {
  const json entries = load_golden("client/" + std::string{GetParam()} + ".json");
  ASSERT_FALSE(entries.empty());

  for (const json& entry : entries) {
    const auto decoded = decode_client(entry["message"].dump(), Limits{});
    ASSERT_TRUE(decoded) << entry << decoded.error().message;
    EXPECT_EQ(kClientTypes.at(decoded->message.index()), GetParam());
    EXPECT_EQ(json::parse(encode(*decoded)), entry["message"]);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryType, GoldenClient, ::testing::ValuesIn(kClientTypes));

TEST_P(GoldenServer, DecodesAndEncodesToTheSameValue) {
  const json entries = load_golden("server/" + std::string{GetParam()} + ".json");
  ASSERT_FALSE(entries.empty());

  for (const json& entry : entries) {
    const auto decoded = decode_server(entry["message"].dump());
    ASSERT_TRUE(decoded) << entry << decoded.error().message;
    EXPECT_EQ(kServerTypes.at(decoded->message.index()), GetParam());
    EXPECT_EQ(json::parse(encode(*decoded)), entry["message"]);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryType, GoldenServer, ::testing::ValuesIn(kServerTypes));

TEST(JsonCodec, RefusesWhatIsInvalidWithTheExpectedError) {
  const json entries = load_golden("invalid.json");
  ASSERT_GT(entries.size(), 50U);

  for (const json& entry : entries) {
    const auto decoded = decode_client(entry["text"].get<std::string>(), Limits{});
    ASSERT_FALSE(decoded) << entry;
    EXPECT_EQ(name_of(decoded.error().code), entry["error"]["code"].get<std::string>()) << entry;
    const json& error = entry["error"];
    const auto n = error.contains("n") ? std::optional{error["n"].get<SendNo>()} : std::nullopt;
    EXPECT_EQ(decoded.error().n, n) << entry;
    EXPECT_FALSE(decoded.error().message.empty());
  }
}

TEST(JsonCodec, CoversEveryErrorCodeInTheGoldenFile) {
  const json entries = load_golden("server/error.json");

  ASSERT_EQ(entries.size(), kErrorCodeCount);
  for (std::size_t i = 0; i < kErrorCodeCount; ++i) {
    EXPECT_EQ(entries[i]["message"]["code"], kErrorCodes.at(i));
  }
}

TEST(JsonCodec, RefusesInvalidUtf8) {
  for (const std::string_view bad :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    const std::string text =
        R"({"type":"join","n":1,"room":"a","name":")" + std::string{bad} + "\"}";
    ASSERT_FALSE(decode_client(text, Limits{}));
    EXPECT_EQ(decode_client(text, Limits{}).error().code, ErrorCode::BadMessage);
  }
}

TEST(JsonCodec, TakesANameOf64CodePointsHoweverManyBytes) {
  std::string name;
  for (int i = 0; i < 64; ++i) name += "🎸";
  const auto decoded =
      decode_client(R"({"type":"join","n":1,"room":"a","name":")" + name + "\"}", Limits{});

  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<client::Join>(decoded->message).name, name);
}

TEST(JsonCodec, TakesMessagesAsDeepInABodyAsAlone) {
  const auto nested = [](std::size_t depth) {
    return R"({"type":"signal","n":1,"to":"p","data":{"a":)" + std::string(depth - 2, '[') +
           std::string(depth - 2, ']') + "}}";
  };
  const std::string deepest = nested(kMaxJsonDepth);
  const std::string deeper = nested(kMaxJsonDepth + 1);
  ASSERT_TRUE(decode_client(deepest, Limits{}));
  ASSERT_FALSE(decode_client(deeper, Limits{}));

  const auto post = decode_post(R"({"epoch":1,"messages":[)" + deepest + "]}", Limits{});
  ASSERT_TRUE(post);
  EXPECT_EQ(post->messages, std::vector{deepest});
  EXPECT_EQ(decode_poll(R"({"messages":[)" + deepest + "]}"), std::vector{deepest});
  EXPECT_FALSE(decode_post(R"({"epoch":1,"messages":[)" + deeper + "]}", Limits{}));
  EXPECT_FALSE(decode_poll(R"({"messages":[)" + deeper + "]}"));
}

TEST(JsonCodec, IgnoresUnknownFieldsAndAnNumberOnHello) {
  const auto decoded =
      decode_client(R"({"type":"hello","protocol":1,"n":4,"colour":"red"})", Limits{});

  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, (ClientEnvelope{std::nullopt, client::Hello{}}));
}

TEST(JsonCodec, PassesDataOnAsItWasWrittenOnOneLine) {
  const auto decoded = decode_client(
      "{\"type\":\"signal\",\"data\":{ \"z\" : 1e3,\n\"a\":12345678901234567890123, "
      "\"kind\":\"offer\",\"z\":\"a \\u00e9 \\\" b\"} ,\"n\":1,\"to\":\"p\"}",
      Limits{});

  ASSERT_TRUE(decoded);
  const auto& signal = std::get<client::Signal>(decoded->message);
  EXPECT_EQ(signal.data,
            R"({"z":1e3,"a":12345678901234567890123,"kind":"offer","z":"a \u00e9 \" b"})");
  EXPECT_EQ(signal.kind, SignalKind::Description);
}

TEST(JsonCodec, TellsTheNumberOfAMessageThatIsTooLarge) {
  const Limits limits;

  EXPECT_TRUE(decode_client(long_signal(limits.message_bytes - 100), limits));
  const auto large = decode_client(long_signal(limits.message_bytes), limits);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::TooLarge);
  EXPECT_EQ(large.error().n, 3U);
  const auto huge = decode_client(long_signal(limits.body_bytes), limits);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, ErrorCode::TooLarge);
  EXPECT_EQ(huge.error().n, std::nullopt);
}

TEST(JsonCodec, SplitsAPostIntoItsMessages) {
  const auto post = decode_post(
      R"( {"epoch":5,"ack":3,"messages":[ {"type":"leave","n":1}, {"a":"],}"} , 7 ]} )", Limits{});

  ASSERT_TRUE(post) << post.error().message;
  EXPECT_EQ(*post, (PostBody{5, 3, {R"({"type":"leave","n":1})", R"({"a":"],}"})", "7"}}));
  EXPECT_EQ(decode_post(encode(*post), Limits{}), *post);
}

TEST(JsonCodec, TakesAnEmptyPost) {
  EXPECT_EQ(decode_post(R"({"epoch":5,"messages":[]})", Limits{}), (PostBody{5, std::nullopt, {}}));
}

TEST(JsonCodec, RefusesAPostWithoutEpochOrMessages) {
  for (const std::string_view body :
       {"", "[]", R"({"messages":[]})", R"({"epoch":1})", R"({"epoch":"1","messages":[]})",
        R"({"epoch":1,"ack":-1,"messages":[]})", R"({"epoch":1,"messages":{}})"}) {
    const auto post = decode_post(body, Limits{});
    ASSERT_FALSE(post) << body;
    EXPECT_EQ(post.error().code, ErrorCode::BadMessage);
  }
  const auto large = decode_post(std::string(Limits{}.body_bytes + 1, ' '), Limits{});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::TooLarge);
}

TEST(JsonCodec, PutsNumberAndTokenIntoStoredMessages) {
  const std::string stored =
      encode(ServerMessage{server::Joined{"lobby", {}, Role::Polite, 2, ""}});

  const auto decoded = decode_server(with_seq(with_resume_token(stored, "v1.x"), 4));

  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, (ServerEnvelope{4, server::Joined{"lobby", {}, Role::Polite, 2, "v1.x"}}));
}

TEST(JsonCodec, ReadsBackTheBodiesOfPollAndPost) {
  const std::vector<std::string> messages{R"({"seq":1,"type":"ack"})", R"({"seq":2})"};

  EXPECT_EQ(decode_poll(encode_poll(messages)), messages);
  EXPECT_EQ(decode_poll(encode_poll({})), std::vector<std::string>{});
  EXPECT_EQ(decode_received(encode_received(7)), 7U);
}

}  // namespace
}  // namespace icebreaker::signaling
