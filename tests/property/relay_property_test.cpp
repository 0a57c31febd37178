// Whatever clients, peers and time do, a Relay leaks nothing and breaks no promise.
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/support/relay_world.hpp"

namespace icebreaker::turn::test {
namespace {

void assert_promise(bool holds, std::source_location where) {
  if (!holds) RC_FAIL("broken promise, relay_world.hpp:" + std::to_string(where.line()));
}

RC_GTEST_PROP(RelayProperties, KeepsItsBooksAndLeaksNothing,
              (const std::vector<std::pair<unsigned, unsigned>>& steps)) {
  RelayWorld world{assert_promise};
  for (const auto& [action, argument] : steps) {
    world.step(action, argument);
    world.check();
  }
  world.advance(3600s);
  world.check_empty();
}

}  // namespace
}  // namespace icebreaker::turn::test
