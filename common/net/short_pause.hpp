// Lets datagrams gather while many come: whoever takes each as it comes pays for a turn of the loop
// each time, and finds nothing to put together.
#pragma once

#include <chrono>
#include <cstddef>
#include <ctime>

#include <sys/prctl.h>

namespace icebreaker::net {

class ShortPause {
 public:
  // After a batch of so many datagrams, on the thread that takes them; `length` is below a second.
  void take_after(std::size_t batch, std::chrono::nanoseconds length) {
    if (batch < kBusyBatch || batch >= kLargeBatch || length.count() == 0) return;
    if (!precise_) {
      // Otherwise the kernel doubles it. Lasts as long as the thread.
      ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
      precise_ = true;
    }
    const timespec pause{.tv_sec = 0, .tv_nsec = length.count()};
    ::nanosleep(&pause, nullptr);
  }

 private:
  // Less arrives while an idle worker turns once.
  static constexpr std::size_t kBusyBatch = 4;
  // Has little to gain from being larger.
  static constexpr std::size_t kLargeBatch = 48;

  bool precise_ = false;
};

}  // namespace icebreaker::net
