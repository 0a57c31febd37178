#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/resource.h>
#include <unistd.h>

#include "common/service/metrics.hpp"

namespace icebreaker::service {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// proc(5): the second field of statm counts resident pages.
double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  double all_pages = 0;
  double resident_pages = 0;
  statm >> all_pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_fds() {
  std::error_code error;
  const std::filesystem::directory_iterator open{"/proc/self/fd", error};
  if (error) return 0;
  return static_cast<double>(std::distance(begin(open), end(open)) -
                             1);  // not the one of this walk
}

}  // namespace

MetricFamilies process_metrics() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  rlimit fd_limit{};
  ::getrlimit(RLIMIT_NOFILE, &fd_limit);
  return {
      single_metric("process_cpu_seconds_total", "User and system CPU time spent.",
                    MetricType::Counter, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)),
      single_metric("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
                    resident_bytes()),
      single_metric("process_open_fds", "Open file descriptors.", MetricType::Gauge, open_fds()),
      single_metric("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge,
                    static_cast<double>(fd_limit.rlim_cur)),
  };
}

}  // namespace icebreaker::service
