// Writes to a connection that another library reads: its socket, or the TLS it set up on it.
#pragma once

#include <cstddef>
#include <optional>

#include "common/base/bytes.hpp"

struct ssl_st;

namespace icebreaker::net {

// How many bytes the network took without waiting; nothing: the connection is broken. `tls` is null
// for plain TCP. After less than all, go on with exactly the rest.
std::optional<std::size_t> write_some(int fd, ssl_st* tls, ByteView bytes);

}  // namespace icebreaker::net
