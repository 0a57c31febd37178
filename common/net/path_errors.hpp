// What the network reports of datagrams sent earlier: errors of the calls that follow, and the
// error queue of sockets that asked for it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/net/datagram_io.hpp"

namespace icebreaker::net {

// Reports of ICMP errors about datagrams sent earlier; the call itself did nothing yet.
inline bool is_about_earlier_datagram(int error) {
  switch (error) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EACCES:
    case EPROTO:
    case EMSGSIZE:
    case EINTR:
      return true;
    default:
      return false;
  }
}

inline bool is_out_of_room(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM;
}

enum class ErrorQueue : std::uint8_t { Empty, MayHoldMore };

// Appends a bounded number of what waits in the socket's error queue.
ErrorQueue take_path_errors(int fd, SocketId socket, std::vector<PathError>& errors);

}  // namespace icebreaker::net
