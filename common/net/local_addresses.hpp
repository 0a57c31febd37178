// The machine's own IP addresses.
#pragma once

#include <expected>
#include <system_error>
#include <vector>

#include "common/base/address.hpp"

namespace icebreaker::net {

// Of all interfaces that are up, in the kernel's order, without repeats. IPv6 link-local addresses
// are left out: they mean nothing without an interface.
std::expected<std::vector<IpAddress>, std::error_code> local_addresses();

}  // namespace icebreaker::net
