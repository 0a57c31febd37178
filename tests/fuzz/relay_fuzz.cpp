#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <span>

#include "tests/support/relay_world.hpp"

namespace icebreaker::turn::test {
namespace {

constexpr std::size_t kMaxSteps = 400;

void abort_on_broken_promise(bool holds, std::source_location where) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: broken promise\n", where.file_name(), where.line());
  std::abort();
}

// Two bytes a step: what is done, and by or with whom. The relay's promises are those of
// tests/property/relay_property_test.cpp.
void run(std::span<const std::uint8_t> bytes) {
  RelayWorld world{abort_on_broken_promise};
  for (std::size_t step = 0; step < kMaxSteps && bytes.size() >= 2; ++step) {
    world.step(bytes[0], bytes[1]);
    world.check();
    bytes = bytes.subspan(2);
  }
  world.advance(3600s);
  world.check_empty();
}

}  // namespace
}  // namespace icebreaker::turn::test

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  icebreaker::turn::test::run({data, size});
  return 0;
}
