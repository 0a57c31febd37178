#include "common/net/resolver.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "tests/support/test_loop.hpp"

namespace icebreaker::net {
namespace {

using icebreaker::testing::TestLoop;

// Refused by getaddrinfo before it asks anybody: RFC 1035 §2.3.4 gives a label 63 octets.
const std::string kNoName = std::string(64, 'a') + ".invalid";
// Refused by libuv, before its thread.
const std::string kTooLong(300, 'a');

std::vector<std::string> texts_of(const std::vector<SocketAddress>& addresses) {
  std::vector<std::string> texts;
  for (const SocketAddress& each : addresses) texts.push_back(each.to_string());
  return texts;
}

// The answer to one question.
Resolver::Found ask(const std::string& host, std::uint16_t port) {
  TestLoop loop;
  Resolver resolver{loop.get()};
  std::optional<Resolver::Found> found;
  resolver.resolve(host, port, [&](Resolver::Found answer) { found = std::move(answer); });
  EXPECT_FALSE(found) << "answered from inside of resolve()";
  EXPECT_TRUE(loop.run_until([&] { return found.has_value(); }));
  return found.value_or(std::unexpected("nothing came"));
}

TEST(Resolver, TakesNumericAddressesOfBothFamilies) {
  EXPECT_EQ(texts_of(ask("127.0.0.1", 6379).value()), std::vector<std::string>{"127.0.0.1:6379"});
  EXPECT_EQ(texts_of(ask("::1", 80).value()), std::vector<std::string>{"[::1]:80"});
}

TEST(Resolver, KeepsTheZoneOfALinkLocalAddress) {
  EXPECT_EQ(ask("fe80::1%1", 80).value().at(0).ip.zone(), 1U);
}

TEST(Resolver, FindsLocalhostOnTheLoopback) {
  const auto found = ask("localhost", 7).value();

  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(std::ranges::all_of(
      found, [](const SocketAddress& each) { return each.ip.is_loopback() && each.port == 7; }));
}

TEST(Resolver, SaysWhyANameHasNoAddress) {
  EXPECT_FALSE(ask(kNoName, 80).error().empty());
  EXPECT_FALSE(ask(kTooLong, 80).error().empty());
}

TEST(Resolver, AnswersNothingThatWasCancelled) {
  TestLoop loop;
  Resolver resolver{loop.get()};
  int answers = 0;
  const auto count = [&](const Resolver::Found&) { ++answers; };
  resolver.resolve("127.0.0.1", 80, count);
  resolver.resolve(kTooLong, 80, count);

  resolver.cancel();
  bool asked_later = false;
  resolver.resolve("127.0.0.1", 80, [&](const Resolver::Found&) { asked_later = true; });

  EXPECT_TRUE(loop.run_until([&] { return asked_later; }));
  uv_run(loop.get(), UV_RUN_DEFAULT);
  EXPECT_EQ(answers, 0);
}

TEST(Resolver, MayEndInsideOfAnAnswer) {
  for (const std::string& host : {kTooLong, kNoName}) {
    TestLoop loop;
    auto resolver = std::make_unique<Resolver>(loop.get());
    int answers = 0;
    const auto end = [&](const Resolver::Found&) {
      ++answers;
      resolver.reset();
    };
    resolver->resolve(host, 80, end);
    resolver->resolve(host, 80, end);

    EXPECT_TRUE(loop.run_until([&] { return resolver == nullptr; }));
    uv_run(loop.get(), UV_RUN_DEFAULT);
    EXPECT_EQ(answers, 1);
  }
}

}  // namespace
}  // namespace icebreaker::net
