#include <cstddef>
#include <cstdint>
#include <span>

#include "common/base/bytes.hpp"
#include "common/base/check.hpp"
#include "common/ice/candidate.hpp"

using icebreaker::text_of;
using icebreaker::ice::parse_candidate;

// What is accepted must survive formatting: the same facts as tests/property, found by coverage.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto once = parse_candidate(text_of(std::as_bytes(std::span{data, size})));
  if (!once) return 0;
  const auto twice = parse_candidate(to_string(*once));
  ICEBREAKER_CHECK(twice.has_value() && *twice == *once);
  return 0;
}
