// Golden messages of tests/data/signaling; the shape of the files is told in the README there.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace icebreaker::signaling::testing {

inline nlohmann::json load_golden(const std::string& path) {
  std::ifstream file{std::string{ICEBREAKER_TEST_DATA} + "/signaling/" + path};
  EXPECT_TRUE(file.good()) << path;
  return nlohmann::json::parse(file);
}

}  // namespace icebreaker::signaling::testing
