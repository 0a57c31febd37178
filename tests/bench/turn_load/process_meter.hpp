// What another process uses, from the kernel's accounting.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace icebreaker::bench {

class ProcessMeter {
 public:
  // Throws std::runtime_error when there is no such process.
  explicit ProcessMeter(pid_t pid);

  // User and system time of all threads, ended ones included, as the scheduler counts it: to the
  // nanosecond, where the utime and stime of /proc/PID/stat are whole clock ticks.
  [[nodiscard]] std::chrono::nanoseconds cpu() const;
  [[nodiscard]] std::size_t resident_bytes() const;
  [[nodiscard]] std::size_t open_files() const;
  // Bound UDP sockets over IPv4.
  [[nodiscard]] std::size_t udp_ports() const;

 private:
  pid_t pid_;
  clockid_t clock_{};
};

}  // namespace icebreaker::bench
