// A redis-server of the test's own on a unix socket in a temporary folder, gone with the object.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace icebreaker {

class RedisProcess {
 public:
  // Returns when it accepts connections; throws std::runtime_error. More arguments as on its
  // command line: {"--requirepass", "secret"}.
  explicit RedisProcess(std::vector<std::string> more_arguments = {});
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;
  RedisProcess(RedisProcess&&) = delete;
  RedisProcess& operator=(RedisProcess&&) = delete;
  ~RedisProcess();

  [[nodiscard]] static bool is_installed();

  [[nodiscard]] std::string socket_path() const { return folder_ / "redis.sock"; }

  // It is killed and comes back with what it has saved, to new connections.
  void restart();

  // Redis's clock goes on from here; it never goes back.
  void advance_clock(std::chrono::microseconds by);
  // From now on only by advance_clock().
  void freeze_clock();

 private:
  void start();
  void end();
  void wait_until_it_listens() const;
  [[nodiscard]] bool listens() const;

  std::vector<std::string> more_arguments_;
  std::filesystem::path folder_;
  std::int64_t* clock_us_ = nullptr;  // shift, frozen at: see shift_clock.c
  pid_t pid_ = -1;
};

}  // namespace icebreaker
