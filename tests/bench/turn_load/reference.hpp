// How fast the machine is just now. The speed of a virtual machine's cores changes within seconds
// by more than servers differ; figures compare only when this was the same.
#pragma once

#include <chrono>

namespace icebreaker::bench {

// Of a fixed piece of work on this core: a datagram to oneself and back, some thousand times.
std::chrono::nanoseconds reference_time();

}  // namespace icebreaker::bench
