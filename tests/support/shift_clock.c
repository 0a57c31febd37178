// Preloaded into redis-server: gettimeofday() is ahead by the first number of microseconds in the
// file that ICEBREAKER_CLOCK_SHIFT names, so that a test can let leases and keys expire at once;
// and it stands still at the second number unless that is 0. Redis takes TIME and the expiry of
// keys from gettimeofday().
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* shift_us;

__attribute__((constructor)) static void map_shift(void) {
  const char* const path = getenv("ICEBREAKER_CLOCK_SHIFT");
  if (path == NULL) return;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) abort();
  void* const mapped = mmap(NULL, 2 * sizeof *shift_us, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) abort();
  shift_us = mapped;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  struct timespec real;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &real);
  const int64_t million = 1000000;
  int64_t us = real.tv_sec * million + real.tv_nsec / 1000;
  if (shift_us != NULL) us = (shift_us[1] != 0 ? shift_us[1] : us) + shift_us[0];
  now->tv_sec = us / million;
  now->tv_usec = us % million;
  return 0;
}
