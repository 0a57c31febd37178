// A libuv loop for one test, which must leave nothing open in it.
#pragma once

#include <chrono>
#include <functional>

#include <gtest/gtest.h>
#include <uv.h>

#include "common/net/uv_handles.hpp"

namespace icebreaker::testing {

class TestLoop {
 public:
  TestLoop() { uv_loop_init(&loop_); }

  TestLoop(const TestLoop&) = delete;
  TestLoop& operator=(const TestLoop&) = delete;
  TestLoop(TestLoop&&) = delete;
  TestLoop& operator=(TestLoop&&) = delete;

  ~TestLoop() {
    uv_run(&loop_, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&loop_), 0) << "a handle was left open";
  }

  uv_loop_t* get() { return &loop_; }

  // False: not within 20 s.
  bool run_until(const std::function<bool()>& condition) {
    bool late = false;
    net::UvTimer limit;
    limit.start(&loop_, [&late] { late = true; });
    limit.set(std::chrono::seconds{20});
    while (!condition() && !late) uv_run(&loop_, UV_RUN_ONCE);
    return !late;
  }

 private:
  uv_loop_t loop_{};
};

}  // namespace icebreaker::testing
