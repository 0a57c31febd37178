#include "common/client_net/server_url.hpp"

#include <gtest/gtest.h>

namespace icebreaker::client_net {
namespace {

using Security = ServerUrl::Security;

TEST(ServerUrl, ReadsSchemeHostPortAndPath) {
  EXPECT_EQ(parse_server_url("http://example.org"),
            (ServerUrl{Security::Plain, "example.org", 80, "/"}));
  EXPECT_EQ(parse_server_url("wss://example.org:8443/signal"),
            (ServerUrl{Security::Tls, "example.org", 8443, "/signal/"}));
  EXPECT_EQ(parse_server_url("https://[2001:db8::1]/a/b/"),
            (ServerUrl{Security::Tls, "2001:db8::1", 443, "/a/b/"}));
  EXPECT_EQ(parse_server_url("ws://[::1]:8080"), (ServerUrl{Security::Plain, "::1", 8080, "/"}));
}

TEST(ServerUrl, WritesTheAuthorityAsTheHostHeaderHasIt) {
  EXPECT_EQ(parse_server_url("http://example.org:80/")->authority(), "example.org");
  EXPECT_EQ(parse_server_url("https://example.org:80/")->authority(), "example.org:80");
  EXPECT_EQ(parse_server_url("ws://[::1]:8080")->authority(), "[::1]:8080");
}

TEST(ServerUrl, RefusesWithTheReason) {
  for (const auto* text :
       {"", "example.org", "ftp://example.org", "http://", "http://:80", "http://[::1",
        "http://[::1]x", "http://a:0", "http://a:65536", "http://a:8x", "http://user@a",
        "http://a/?b", "http://a/#b", "http://a b", "http://a/\r\nX: y"}) {
    const auto url = parse_server_url(text);

    ASSERT_FALSE(url.has_value()) << text;
    EXPECT_TRUE(url.error().starts_with("'" + std::string{text} + "' ")) << url.error();
  }
}

}  // namespace
}  // namespace icebreaker::client_net
