// Reads committed test data (tests/data), so that a failing line names its file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace icebreaker::test {

// The whole file, "signaling/hello.json"; the test program aborts when it is missing.
std::string read_data(std::string_view name);

// The lines that are neither empty nor start with '#'; at least one.
std::vector<std::string> read_data_lines(std::string_view name);

}  // namespace icebreaker::test
