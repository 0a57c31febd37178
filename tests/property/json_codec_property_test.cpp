// The codec decodes plain text without its parser; both say the same of any text.
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "common/signaling/json_codec.hpp"
#include "common/signaling/json_plain_messages.hpp"
#include "tests/support/for_the_parser.hpp"

namespace icebreaker::signaling {
namespace {

using testing::for_the_parser;

std::string any_text() {
  static constexpr std::string_view kPieces[] = {"{",
                                                 "}",
                                                 "[",
                                                 "]",
                                                 ",",
                                                 ":",
                                                 " ",
                                                 "\n",
                                                 "\"",
                                                 "\\",
                                                 "\\n",
                                                 "\\u00e9",
                                                 "\\u",
                                                 "\\ud8",
                                                 "\\ud83d",
                                                 "a",
                                                 "0",
                                                 "-",
                                                 "01",
                                                 "1",
                                                 "1.5",
                                                 "1.",
                                                 "2e3",
                                                 "9007199254740992",
                                                 "true",
                                                 "fals",
                                                 "null",
                                                 "\"a\":1",
                                                 "\"\"",
                                                 "\xc3\xa9",
                                                 "\xff",
                                                 "\x01",
                                                 R"("n":2)",
                                                 R"("kind":"offer")",
                                                 R"("gen":1)",
                                                 R"("to":"q")",
                                                 R"("data":{})",
                                                 R"([1,{"a":"b"}])"};
  std::string text;
  const auto length = *rc::gen::inRange<std::size_t>(0, 4);
  for (std::size_t i = 0; i < length; ++i) {
    text += kPieces[*rc::gen::inRange<std::size_t>(0, std::size(kPieces))];
  }
  return text;
}

// Replaces a few places of a good text by anything.
std::string damaged(std::string text) {
  const auto edits = *rc::gen::inRange(0, 3);
  for (int i = 0; i < edits; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    text.replace(at, *rc::gen::inRange<std::size_t>(0, 4), any_text());
  }
  return text;
}

std::string any_signal() {
  static constexpr std::string_view kKinds[] = {
      "offer", "answer", "candidate", "end-of-candidates", "restart", "", "chat"};
  std::string text = R"({"type":"signal","n":)" + std::to_string(*rc::gen::inRange(0, 3));
  text += R"(,"to":"p1")";
  if (*rc::gen::arbitrary<bool>()) text += R"(,"gen":7)";
  text += R"(, "data" : {"kind":")" + std::string{kKinds[*rc::gen::inRange<std::size_t>(0, 7)]};
  text +=
      R"(","sdp":"v=0\r\no=- 1 \u00fc a longer text without anything special in it, beyond a word",)";
  text += R"("list":[1,-2.5,true,null,{"x":[]}] }})";
  return text;
}

RC_GTEST_PROP(JsonCodecProperties, DecodesSignalsAsTheParserDoes, ()) {
  const std::string text = damaged(any_signal());
  const auto plain = read_plain_signal(text);
  const auto decoded = decode_client(text, Limits{});
  RC_CLASSIFY(plain.has_value(), "plain");
  RC_CLASSIFY(!decoded.has_value(), "refused");
  if (!plain) return;

  RC_ASSERT((decoded == decode_client(for_the_parser(text), Limits{})));
  RC_ASSERT((decoded == *plain));
}

RC_GTEST_PROP(JsonCodecProperties, DecodesPostsAsTheParserDoes, ()) {
  const std::string text =
      damaged(R"({"epoch":5, "ack":3,"messages":[ )" + damaged(any_signal()) + R"(,7, "a" ] })");
  const auto plain = read_plain_post(text);
  RC_CLASSIFY(plain.has_value(), "plain");
  if (!plain) return;

  RC_ASSERT((decode_post(for_the_parser(text), Limits{}) == *plain));
}

// What everybody sends must not need the parser.
TEST(JsonCodec, DecodesWhatBrowsersSendWithoutTheParser) {
  EXPECT_TRUE(read_plain_signal(
      R"({"type":"signal","to":"p0a","data":{"kind":"offer","sdp":"v=0\r\na=b \"c\"\r\n"},"gen":1,"n":9})"));
  EXPECT_TRUE(read_plain_post(R"({"epoch":1,"ack":2,"messages":[{"type":"leave","n":1}]})"));
}

}  // namespace
}  // namespace icebreaker::signaling
