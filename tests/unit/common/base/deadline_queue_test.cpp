#include "common/base/deadline_queue.hpp"

#include <gtest/gtest.h>

namespace icebreaker {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{1h};

TEST(DeadlineQueue, GivesKeysInTheOrderOfTheirDeadlines) {
  DeadlineQueue<int> queue;

  queue.set(1, kStart + 3s);
  queue.set(2, kStart + 1s);

  EXPECT_EQ(queue.next(), kStart + 1s);
  EXPECT_EQ(queue.pop_due(kStart), std::nullopt);
  EXPECT_EQ(queue.pop_due(kStart + 3s), 2);
  EXPECT_EQ(queue.pop_due(kStart + 3s), 1);
  EXPECT_EQ(queue.pop_due(kStart + 3s), std::nullopt);
  EXPECT_EQ(queue.next(), std::nullopt);
}

TEST(DeadlineQueue, MovesAndForgetsKeys) {
  DeadlineQueue<int> queue;
  queue.set(1, kStart + 1s);
  queue.set(2, kStart + 2s);

  queue.set(1, kStart + 5s);
  queue.erase(2);
  queue.erase(7);

  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.deadline_of(1), kStart + 5s);
  EXPECT_EQ(queue.deadline_of(2), std::nullopt);
  EXPECT_EQ(queue.pop_due(kStart + 2s), std::nullopt);
}

}  // namespace
}  // namespace icebreaker
