// A blocking TCP client on loopback whose reads end after 10 s at the latest.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/net/sockaddr.hpp"
#include "common/net/unique_fd.hpp"

namespace icebreaker::net {

class TcpClient {
 public:
  explicit TcpClient(const SocketAddress& server)
      : fd_{::socket(server.ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const SockAddr address{server};
    EXPECT_EQ(::connect(fd_.get(), address.get(), address.size()), 0);
  }

  void send(std::string_view text) const {
    EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  void shut_down_writing() const { ::shutdown(fd_.get(), SHUT_WR); }

  // Whatever can be read now; nothing while nothing is there, "" at the end of the stream.
  [[nodiscard]] std::optional<std::string> read_now() const {
    std::array<char, 65536> buffer{};
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    return std::string{buffer.data(), static_cast<std::size_t>(size)};
  }

  [[nodiscard]] SocketAddress local() const { return local_address_of(fd_.get()).value(); }

  [[nodiscard]] int fd() const { return fd_.get(); }

  void close() { fd_ = UniqueFd{}; }

 private:
  UniqueFd fd_;
};

}  // namespace icebreaker::net
