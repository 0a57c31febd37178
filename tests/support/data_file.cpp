#include "tests/support/data_file.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace icebreaker::test {
namespace {

[[noreturn]] void unusable(const std::string& path) {
  std::fprintf(stderr, "test data is missing or empty: %s\n", path.c_str());
  std::abort();
}

}  // namespace

std::string read_data(std::string_view name) {
  const std::string path = std::string{ICEBREAKER_TEST_DATA "/"}.append(name);
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (text.empty()) unusable(path);
  return text;
}

std::vector<std::string> read_data_lines(std::string_view name) {
  std::istringstream text{read_data(name)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.front() != '#') lines.push_back(line);
  }
  if (lines.empty()) unusable(std::string{name});
  return lines;
}

}  // namespace icebreaker::test
