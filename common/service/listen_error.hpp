// Why a server cannot listen, and what to do about it.
#pragma once

#include <string>
#include <system_error>

#include "common/base/address.hpp"
#include "common/base/transport.hpp"

namespace icebreaker::service {

// One line for a StartError.
std::string listen_error(Transport transport, const SocketAddress& address,
                         const std::error_code& error);

}  // namespace icebreaker::service
