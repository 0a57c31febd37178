// Preloaded into a server under soak: its clocks run ICEBREAKER_CLOCK_FACTOR times as fast, so that
// an allocation's ten minutes pass in seconds, and what it waits for by epoll comes as much sooner.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kClocks = 2 };  // CLOCK_REALTIME and CLOCK_MONOTONIC

static const int64_t kSecond = 1000000000;
static int64_t factor = 1;
static int64_t started_ns[kClocks];

static int64_t real_ns(clockid_t clock) {
  struct timespec now;
  syscall(SYS_clock_gettime, clock, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

__attribute__((constructor)) static void start(void) {
  const char* const text = getenv("ICEBREAKER_CLOCK_FACTOR");
  for (clockid_t clock = 0; clock < kClocks; ++clock) started_ns[clock] = real_ns(clock);
  factor = text == NULL ? 1 : atoll(text);
  if (factor < 1) abort();
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  if (clock < 0 || clock >= kClocks) return (int)syscall(SYS_clock_gettime, clock, now);
  const int64_t passed = real_ns(clock) - started_ns[clock];
  const int64_t ns = started_ns[clock] + passed * factor;
  now->tv_sec = ns / kSecond;
  now->tv_nsec = ns % kSecond;
  return 0;
}

int epoll_wait(int epoll, struct epoll_event* events, int room, int timeout_ms) {
  const int sooner = timeout_ms <= 0 ? timeout_ms : (int)((timeout_ms + factor - 1) / factor);
  return epoll_pwait(epoll, events, room, sooner, NULL);
}
