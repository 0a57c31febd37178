#include "signaling/server/origin_policy.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

std::string value_of(const OriginPolicy::Headers& headers, std::string_view name) {
  const auto found =
      std::ranges::find(headers, name, [](const auto& entry) { return entry.first; });
  return found == headers.end() ? "" : found->second;
}

TEST(OriginPolicy, AllowsRequestsThatComeFromNoPage) {
  EXPECT_TRUE(OriginPolicy{{}}.allows("", "example.org"));
}

TEST(OriginPolicy, AllowsOnlyTheSameOriginByDefault) {
  const OriginPolicy policy{{}};

  EXPECT_TRUE(policy.allows("https://example.org", "example.org"));
  EXPECT_TRUE(policy.allows("http://localhost:8080", "localhost:8080"));
  EXPECT_TRUE(policy.allows("http://[::1]:8080", "[::1]:8080"));
  EXPECT_TRUE(policy.allows("https://EXAMPLE.org", "example.org"));
  EXPECT_FALSE(policy.allows("https://evil.example", "example.org"));
  EXPECT_FALSE(policy.allows("http://localhost:8081", "localhost:8080"));
  EXPECT_FALSE(policy.allows("https://example.org.evil.example", "example.org"));
  EXPECT_FALSE(policy.allows("https://notexample.org", "example.org"));
}

TEST(OriginPolicy, KnowsDefaultPorts) {
  const OriginPolicy policy{{}};

  EXPECT_TRUE(policy.allows("https://example.org", "example.org:443"));
  EXPECT_TRUE(policy.allows("http://example.org", "example.org:80"));
  EXPECT_FALSE(policy.allows("http://example.org", "example.org:443"));
}

TEST(OriginPolicy, RefusesOpaqueOrigins) {
  const OriginPolicy policy{{"https://a.example"}};

  EXPECT_FALSE(policy.allows("null", "example.org"));
  EXPECT_FALSE(policy.allows("example.org", "example.org"));
}

TEST(OriginPolicy, AllowsListedOriginsExactly) {
  const OriginPolicy policy{{"https://app.example", "http://dev.example:3000"}};

  EXPECT_TRUE(policy.allows("https://app.example", "api.example"));
  EXPECT_TRUE(policy.allows("https://app.example:443", "api.example"));
  EXPECT_TRUE(policy.allows("http://dev.example:3000", "api.example"));
  EXPECT_FALSE(policy.allows("http://app.example", "api.example"));
  EXPECT_FALSE(policy.allows("http://dev.example", "api.example"));
  EXPECT_FALSE(policy.allows("https://sub.app.example", "api.example"));
}

TEST(OriginPolicy, AllowsAllWithAStar) {
  const OriginPolicy policy{{"*"}};

  EXPECT_TRUE(policy.allows("https://any.example", "api.example"));
  EXPECT_TRUE(policy.allows("null", "api.example"));
  EXPECT_EQ(value_of(policy.cors_headers("https://any.example"), "Access-Control-Allow-Origin"),
            "*");
  EXPECT_EQ(value_of(policy.cors_headers("https://any.example"), "Vary"), "");
}

TEST(OriginPolicy, NamesTheOriginInCorsHeadersAndVaries) {
  const OriginPolicy policy{{"https://app.example"}};

  const auto headers = policy.cors_headers("https://app.example");

  EXPECT_EQ(value_of(headers, "Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(value_of(headers, "Vary"), "Origin");
  EXPECT_EQ(value_of(policy.cors_headers(""), "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(value_of(policy.cors_headers(""), "Vary"), "Origin");
}

TEST(OriginPolicy, AnswersPreflightsWithMethods) {
  const OriginPolicy policy{{"https://app.example"}};

  const auto headers = policy.preflight_headers("https://app.example", "GET, POST");

  EXPECT_EQ(value_of(headers, "Access-Control-Allow-Methods"), "GET, POST");
  EXPECT_EQ(value_of(headers, "Allow"), "GET, POST");
  EXPECT_NE(value_of(headers, "Access-Control-Allow-Headers").find("Content-Type"),
            std::string::npos);
}

TEST(IsOrigin, TellsOriginsFromOtherText) {
  EXPECT_TRUE(is_origin("*"));
  EXPECT_TRUE(is_origin("https://example.org"));
  EXPECT_TRUE(is_origin("http://[::1]:8080"));
  EXPECT_FALSE(is_origin("example.org"));
  EXPECT_FALSE(is_origin("https://example.org/"));
  EXPECT_FALSE(is_origin("https://*.example.org"));
  EXPECT_FALSE(is_origin("https://"));
}

}  // namespace
}  // namespace icebreaker::signaling
