#include "common/base/histogram.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace icebreaker {
namespace {

using namespace std::chrono_literals;

constexpr std::array kBounds{1.0, 2.0, 4.0};

TEST(Histogram, CountsAnObservationInTheFirstBucketThatHoldsIt) {
  Histogram<kBounds> histogram;
  for (const double value : {0.0, 1.0, 1.5, 2.0, 4.0, 4.5, 100.0}) histogram.observe(value);

  const std::vector<std::uint64_t> counts{histogram.counts().begin(), histogram.counts().end()};
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{2, 2, 1, 2}));
  EXPECT_DOUBLE_EQ(histogram.sum(), 113.0);
}

TEST(Histogram, TakesDurationsInSeconds) {
  DurationHistogram histogram;

  histogram.observe(250us);
  histogram.observe(1500ms);

  EXPECT_DOUBLE_EQ(histogram.sum(), 1.50025);
  EXPECT_EQ(histogram.counts()[1], 1U);
  EXPECT_TRUE(std::ranges::is_sorted(DurationHistogram::bounds()));
}

}  // namespace
}  // namespace icebreaker
