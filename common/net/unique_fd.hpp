// Owner of one file descriptor.
#pragma once

#include <utility>

#include <unistd.h>

namespace icebreaker::net {

class UniqueFd {
 public:
  UniqueFd() = default;

  explicit UniqueFd(int fd) : fd_{fd} {}

  UniqueFd(UniqueFd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }

  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;

  ~UniqueFd() { reset(-1); }

  [[nodiscard]] int get() const { return fd_; }

  // The caller owns it from here on.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

 private:
  void reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

  int fd_ = -1;
};

}  // namespace icebreaker::net
