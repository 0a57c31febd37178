#include "signaling/state/redis/redis_url.hpp"

#include <gtest/gtest.h>

namespace icebreaker::signaling {
namespace {

RedisUrl parsed(std::string_view text) {
  const auto url = parse_redis_url(text);
  EXPECT_TRUE(url) << text << " " << url.error();
  return url.value_or(RedisUrl{});
}

std::string error_of(std::string_view text) {
  const auto url = parse_redis_url(text);
  EXPECT_FALSE(url) << text;
  return url ? "" : url.error();
}

TEST(RedisUrl, ReadsHostPortAndDatabase) {
  EXPECT_EQ(parsed("redis://cache"), (RedisUrl{.host = "cache"}));
  EXPECT_EQ(parsed("redis://cache/"), (RedisUrl{.host = "cache"}));
  EXPECT_EQ(parsed("redis://10.0.0.1:7000/3"),
            (RedisUrl{.host = "10.0.0.1", .port = 7000, .database = 3}));
  EXPECT_EQ(parsed("redis://[2001:db8::1]:7000"), (RedisUrl{.host = "2001:db8::1", .port = 7000}));
  EXPECT_EQ(parsed("redis://[::1]"), (RedisUrl{.host = "::1"}));
}

TEST(RedisUrl, ReadsUserAndPasswordWithTheirPercentEncoding) {
  EXPECT_EQ(parsed("redis://:s3cret@cache").password, "s3cret");
  EXPECT_EQ(parsed("redis://ice:a%40b%2Fc%25d@cache"),
            (RedisUrl{.host = "cache", .user = "ice", .password = "a@b/c%d"}));
  EXPECT_EQ(parsed("redis://ice:a:b@c@cache").password, "a:b@c");
}

TEST(RedisUrl, ReadsAUnixSocket) {
  EXPECT_EQ(parsed("redis+unix:///run/redis/redis.sock"),
            (RedisUrl{.socket_path = "/run/redis/redis.sock"}));
  EXPECT_EQ(parsed("redis+unix://:a%2Fb@/run/r%20s?db=5"),
            (RedisUrl{.socket_path = "/run/r s", .password = "a/b", .database = 5}));
}

TEST(RedisUrl, SaysWhatToDoAboutTls) {
  EXPECT_NE(error_of("rediss://cache:6380").find("stunnel"), std::string::npos);
}

TEST(RedisUrl, RefusesWhatItCannotReadWithoutRepeatingThePassword) {
  for (const std::string_view text : {"",
                                      "http://cache",
                                      "redis://",
                                      "redis://:s3cret@",
                                      "redis://ice:s3cret@:6379",
                                      "redis://s3cret@cache",
                                      "redis://:s3cret@cache:0",
                                      "redis://:s3cret@cache:65536",
                                      "redis://:s3cret@cache:x",
                                      "redis://:s3cret@cache/x",
                                      "redis://:s3cret@cache/-1",
                                      "redis://:s3cret%4@cache",
                                      "redis://:s3cret%zz@cache",
                                      "redis://:s3/cret@cache",
                                      "redis://:s3cret@cache?db=1",
                                      "redis://[::1",
                                      "redis://[cache]",
                                      "redis://[::1]6379",
                                      "redis://:s3cret@a b",
                                      "redis+unix://",
                                      "redis+unix://cache/run/r",
                                      "redis+unix:///run/r?x=1",
                                      "redis+unix:///run/r?db=",
                                      "redis+unix:///run/%r"}) {
    const std::string error = error_of(text);
    EXPECT_FALSE(error.empty()) << text;
    EXPECT_EQ(error.find("s3"), std::string::npos) << text << ": " << error;
  }
  EXPECT_FALSE(error_of("redis+unix:///" + std::string(107, 'a')).empty());
}

TEST(RedisUrl, IsShownWithoutSecrets) {
  EXPECT_EQ(to_text(parsed("redis://ice:s3cret@cache")), "redis://cache:6379/0");
  EXPECT_EQ(to_text(parsed("redis://:s3cret@[::1]:7000/3")), "redis://[::1]:7000/3");
  EXPECT_EQ(to_text(parsed("redis+unix://:s3cret@/run/r?db=5")), "redis+unix:///run/r?db=5");
}

}  // namespace
}  // namespace icebreaker::signaling
