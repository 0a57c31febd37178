#include "common/service/descriptor_limit.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace icebreaker::service {

// Each client and each relay is a descriptor. Tables of libwebsockets grow with the limit, hence
// the ceiling.
void raise_descriptor_limit() {
  constexpr rlim_t kEnough = 262'144;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_max, std::max(limit.rlim_cur, kEnough));
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace icebreaker::service
