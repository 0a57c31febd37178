#include "common/base/gcra.hpp"

#include <string>

#include <gtest/gtest.h>

namespace icebreaker {
namespace {

using namespace std::chrono_literals;

constexpr GcraRate kTenASecond{10, 1s, 2};
constexpr MonoTime kStart{1h};

TEST(Gcra, TakesABurstAndThenOneEveryInterval) {
  GcraTable<std::string> table;

  for (int i = 0; i < 20; ++i) EXPECT_FALSE(table.charge(kStart, {{"ann", 1, kTenASecond}})) << i;
  EXPECT_EQ(table.charge(kStart, {{"ann", 1, kTenASecond}}), 100ms);
  EXPECT_EQ(table.charge(kStart + 99ms, {{"ann", 1, kTenASecond}}), 1ms);
  EXPECT_FALSE(table.charge(kStart + 100ms, {{"ann", 1, kTenASecond}}));
}

TEST(Gcra, SaysWhenMoreThanTheBurstWillBeTaken) {
  GcraTable<std::string> table;
  EXPECT_FALSE(table.charge(kStart, {{"ann", 5, kTenASecond}}));

  const auto wait = table.charge(kStart, {{"ann", 30, kTenASecond}});

  EXPECT_EQ(wait, 500ms);
  EXPECT_FALSE(table.charge(kStart + *wait, {{"ann", 30, kTenASecond}}));
}

TEST(Gcra, RemembersOnlyWhoIsInDebt) {
  GcraTable<std::string> table;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(table.charge(kStart + i * 100ms, {{std::to_string(i), 1, kTenASecond}}));
  }
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.next_deadline(), kStart + 100s);

  table.forget_idle(kStart + 100s);

  EXPECT_EQ(table.size(), 0U);
}

TEST(Gcra, CannotBeAskedForMoreEventsThanThereAreMicroseconds) {
  EXPECT_EQ(gcra_charge(kStart, kStart, {4'000'000'000, 1s, 1}, 4'000'000'000),
            kStart + 4'000'000'000us);
}

}  // namespace
}  // namespace icebreaker
