// The TCP socket that the web server accepts on. Ours rather than the library's: errors in words,
// dual-stack and drain under our control.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "common/base/address.hpp"
#include "common/net/unique_fd.hpp"

namespace icebreaker::signaling {

struct ListenSocket {
  net::UniqueFd fd{};
  SocketAddress address{};  // as bound
};

struct AcceptedSocket {
  net::UniqueFd fd{};
  IpAddress peer{};
};

// The error is one line that says what to do.
std::expected<ListenSocket, std::string> listen_tcp(const SocketAddress& address);

// The next connection, or the errno (EAGAIN: none for now).
std::expected<AcceptedSocket, int> accept_tcp(const ListenSocket& listener);

}  // namespace icebreaker::signaling
