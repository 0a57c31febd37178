#include "common/net/open_socket.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace icebreaker::net {
namespace {

TEST(IsMissingIpv6, OnlyForAWildcardAndTheErrorsOfAMachineWithoutIt) {
  const auto missing = [](std::string_view address, int error) {
    return is_missing_ipv6(SocketAddress::parse(address).value(),
                           std::error_code{error, std::system_category()});
  };

  EXPECT_TRUE(missing("[::]:3478", EAFNOSUPPORT));
  EXPECT_TRUE(missing("[::]:3478", EADDRNOTAVAIL));
  EXPECT_FALSE(missing("[::]:3478", EADDRINUSE));
  EXPECT_FALSE(missing("[::]:3478", 0));
  EXPECT_FALSE(missing("[::1]:3478", EADDRNOTAVAIL));
  EXPECT_FALSE(missing("0.0.0.0:3478", EADDRNOTAVAIL));
}

}  // namespace
}  // namespace icebreaker::net
