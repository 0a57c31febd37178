// coturn @6c13608c compared ranges byte by byte, so that denied networks whose prefix ends within a
// byte leaked. As big-endian integers, the addresses of a network lie between its first and its
// last.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "turn/core/peer_policy.hpp"
#include "turn/core/special_networks.hpp"

namespace icebreaker::turn::test {
namespace {

using Bytes = std::vector<std::byte>;  // their order is that of big-endian integers

Bytes bytes_of_width(std::size_t width) {
  const auto values = *rc::gen::container<Bytes>(
      width, rc::gen::map(rc::gen::inRange(0, 256), [](int value) { return std::byte(value); }));
  return values;
}

IpAddress ip_of(const Bytes& bytes) {
  return IpAddress::from_bytes(bytes).value();
}

// By the bit, as nobody would write it who has to be fast.
Bytes with_host_bits(Bytes bytes, unsigned prefix, unsigned value) {
  for (unsigned bit = prefix; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<std::byte>(0x80U >> bit % 8);
    bytes[bit / 8] = value == 0 ? bytes[bit / 8] & ~mask : bytes[bit / 8] | mask;
  }
  return bytes;
}

// One more or one less, around the ends.
Bytes stepped(Bytes bytes, int step) {
  for (auto each = bytes.rbegin(); each != bytes.rend(); ++each) {
    *each = static_cast<std::byte>(std::to_integer<int>(*each) + step);
    const bool carries = step > 0 ? *each == std::byte{0} : *each == std::byte{0xFF};
    if (!carries) break;
  }
  return bytes;
}

void check_network(std::size_t width) {
  const Bytes around = bytes_of_width(width);
  const auto prefix = *rc::gen::inRange(0U, static_cast<unsigned>(width) * 8 + 1);
  const Bytes first = with_host_bits(around, prefix, 0);
  const Bytes last = with_host_bits(around, prefix, 1);
  const Cidr network = Cidr::around(ip_of(around), prefix);
  const PeerPolicy policy{{.allow = {Cidr::around(IpAddress::any(Family::V4), 0),
                                     Cidr::around(IpAddress::any(Family::V6), 0)},
                           .deny = {network}}};

  for (const Bytes& each : {first, last, stepped(first, -1), stepped(last, 1), around,
                            stepped(around, 1), bytes_of_width(width)}) {
    const IpAddress ip = ip_of(each);
    const bool is_within = first <= each && each <= last;
    RC_ASSERT(NetworkMatcher{network}.contains(NetworkMatcher::bits_of(ip)) == is_within);
    RC_ASSERT(network.contains(ip) == is_within);
    if (is_within) RC_ASSERT(policy.check(PeerAddress{{ip, 80}}) == PeerRule::Denied);
  }
}

RC_GTEST_PROP(NetworkMatcherProperties, coturn_6c13608c_v4_ranges_compare_as_integers, ()) {
  check_network(4);
}

RC_GTEST_PROP(NetworkMatcherProperties, coturn_6c13608c_v6_ranges_compare_as_integers, ()) {
  check_network(16);
}

}  // namespace
}  // namespace icebreaker::turn::test
