#include "signaling/server/http.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

TEST(WireText, HasStatusHeadersLengthAndBody) {
  const HttpResponse response{.status = 202, .headers = {{"X-A", "b"}}, .body = "hi"};

  const std::string text = wire_text(response, {});

  EXPECT_EQ(text, "HTTP/1.1 202 Accepted\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi");
}

TEST(WireText, GivesHeadTheLengthWithoutTheBody) {
  const HttpResponse response{.body = "hello"};

  const std::string text = wire_text(response, {.method = Method::Head});

  EXPECT_EQ(text, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST(WireText, SendsNoLengthWhereNoBodyCanBe) {
  EXPECT_EQ(wire_text({.status = 204}, {}), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(wire_text({.status = 304, .body = "x"}, {}), "HTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST(WireText, SaysWhatBecomesOfTheConnection) {
  const HttpResponse response{.status = 204};

  EXPECT_EQ(wire_text(response, {.connection = Connection::Close}),
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(wire_text(response, {.version = HttpVersion::V10}),
            "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
}

TEST(WireText, CannotBeSplitByAHeaderValue) {
  const HttpResponse response{.status = 204, .headers = {{"X", "a\r\nEvil: 1"}}};

  EXPECT_EQ(wire_text(response, {}), "HTTP/1.1 204 No Content\r\nX: a  Evil: 1\r\n\r\n");
}

TEST(WireText, StartsAStreamWithoutALength) {
  const HttpResponse head{.headers = {{"Content-Type", "text/event-stream"}}};

  EXPECT_EQ(wire_stream_head(head, {}),
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(wire_stream_head({}, {.version = HttpVersion::V10, .connection = Connection::Close}),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(WireText, PrefersTheSharedBody) {
  HttpResponse response{.body = "own"};
  response.shared_body = std::make_shared<const std::string>("shared");

  EXPECT_TRUE(wire_text(response, {}).ends_with("\r\n\r\nshared"));
}

TEST(HttpRequest, FindsTheFirstValueOfAQueryArgument) {
  const HttpRequest request{.query = {{"a", "1"}, {"b", ""}, {"a", "2"}}};

  ASSERT_NE(request.find_query("a"), nullptr);
  EXPECT_EQ(*request.find_query("a"), "1");
  ASSERT_NE(request.find_query("b"), nullptr);
  EXPECT_EQ(*request.find_query("b"), "");
  EXPECT_EQ(request.find_query("c"), nullptr);
}

TEST(HeaderList, YieldsItsElementsTrimmed) {
  std::vector<std::string> elements;

  for_each_element(" keep-alive,,Upgrade ,\tx",
                   [&](std::string_view each) { elements.emplace_back(each); });

  EXPECT_EQ(elements, (std::vector<std::string>{"keep-alive", "", "Upgrade", "x"}));
}

TEST(HeaderText, IsTrimmedOfSpacesAndTabs) {
  EXPECT_EQ(trimmed(" \t a b\t"), "a b");
  EXPECT_EQ(trimmed(" \t"), "");
}

}  // namespace
}  // namespace icebreaker::signaling
