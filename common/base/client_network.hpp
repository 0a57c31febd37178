// What stands for one customer where addresses are counted: whoever has one address of it can have
// the others too.
#pragma once

#include "common/base/address.hpp"

namespace icebreaker {

// The first address of the client's network: a /24, or a /56 of IPv6.
inline IpAddress client_network(const IpAddress& client) {
  constexpr unsigned kV4PrefixBits = 24;
  constexpr unsigned kV6PrefixBits = 56;
  const IpAddress ip = client.unmapped().with_zone(0);
  return Cidr::around(ip, ip.is_v4() ? kV4PrefixBits : kV6PrefixBits).base();
}

}  // namespace icebreaker
