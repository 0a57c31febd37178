// How fast the machine is just now. The two cores of a virtual machine are one core's two threads
// at times, each nearly half as fast; figures compare only when this was the same.
#pragma once

#include <chrono>

#include <sys/types.h>

namespace icebreaker::bench {

// Of a fixed piece of work on this core, a datagram to oneself and back some thousand times, while
// the cores of that process (0: none) are busy, too.
std::chrono::nanoseconds reference_time(pid_t server);

}  // namespace icebreaker::bench
