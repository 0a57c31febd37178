// Aborts on our own bugs, with the place and the broken invariant; never used on input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace icebreaker::detail {

[[noreturn]] inline void check_failed(
    const char* condition, std::source_location where = std::source_location::current()) {
  std::fprintf(stderr, "%s:%u: %s: broken invariant: %s\n", where.file_name(), where.line(),
               where.function_name(), condition);
  std::abort();
}

}  // namespace icebreaker::detail

#define ICEBREAKER_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::icebreaker::detail::check_failed(#condition))
