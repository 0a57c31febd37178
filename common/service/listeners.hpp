// What a server does about [[listen]] before its first socket, and what it says when one cannot be
// had.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/transport.hpp"
#include "common/service/common_config.hpp"
#include "common/service/log.hpp"

namespace icebreaker::service {

// Those that can be opened: a wildcard is left out, with a warning, where there is no IPv6. Throws
// StartError for any other that cannot, and when none is left.
std::vector<Listener> usable_listeners(const std::vector<Listener>& wanted, const Logger& logger);

// One line for a StartError: why, and what to do.
std::string listen_error(Transport transport, const SocketAddress& address,
                         const std::error_code& error);

// The end of such a line: what to do; empty where nothing is known. `section` as in the file.
std::string listen_advice(const std::error_code& error, std::string_view section);

}  // namespace icebreaker::service
