#include "turn/server/own_addresses.hpp"

#include <string>

#include <gtest/gtest.h>

#include "common/service/command_line.hpp"
#include "tests/support/turn_client.hpp"

namespace icebreaker::turn::test {
namespace {

const std::vector<IpAddress> kMachine{
    address("127.0.0.1:0").ip, address("10.0.0.5:0").ip, address("192.0.2.7:0").ip,
    address("8.8.8.8:0").ip,   address("[::1]:0").ip,
};

PeerRule rule_for(const SocketAddress& listener, std::string_view peer_text) {
  const std::vector<SocketAddress> bound{listener};
  const std::vector<RelayInterface> relays{{kMachine[1], address("198.51.100.1:0").ip}};
  const PeerPolicy policy{{.allow = {Cidr::parse("0.0.0.0/0").value(), Cidr::parse("::/0").value()},
                           .relays = relays,
                           .own_endpoints = own_endpoints(bound, kMachine, relays)}};
  return policy.check(peer(peer_text));
}

TEST(OwnEndpoints, OfAWildcardListenerAreTheWholeLoopbackNetworkAndEveryAddressOfTheMachine) {
  for (const char* host : {"0.0.0.0", "127.0.0.1", "127.0.0.2", "127.255.255.254", "10.0.0.5",
                           "192.0.2.7", "198.51.100.1", "[::ffff:127.9.9.9]"}) {
    EXPECT_EQ(rule_for(address("0.0.0.0:3478"), std::string{host} + ":3478"), PeerRule::OwnEndpoint)
        << host;
    EXPECT_EQ(rule_for(address("0.0.0.0:3478"), std::string{host} + ":3479"), PeerRule::Allowed)
        << host;
  }
  EXPECT_EQ(rule_for(address("0.0.0.0:3478"), "[::1]:3478"), PeerRule::Allowed);
  EXPECT_EQ(rule_for(address("[::]:3478"), "[::1]:3478"), PeerRule::OwnEndpoint);
  EXPECT_EQ(rule_for(address("[::]:3478"), "127.0.0.2:3478"), PeerRule::Allowed);
}

TEST(OwnEndpoints, OfAListenerOnOneAddressAreThatAddressAlone) {
  EXPECT_EQ(rule_for(address("127.0.0.1:3478"), "127.0.0.1:3478"), PeerRule::OwnEndpoint);
  EXPECT_EQ(rule_for(address("127.0.0.1:3478"), "127.0.0.2:3478"), PeerRule::Allowed);
  EXPECT_EQ(rule_for(address("10.0.0.5:3478"), "198.51.100.1:3478"), PeerRule::OwnEndpoint);
}

TEST(RelayInterfaces, ArePublicAddressesBeforePrivateOnesAndNoLoopbackBesideOthers) {
  const auto found = relay_interfaces({}, kMachine);

  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].bound, address("8.8.8.8:0").ip);
  EXPECT_EQ(found[0].external, address("8.8.8.8:0").ip);
}

TEST(RelayInterfaces, OfAMachineWithNothingElseAreLoopback) {
  const auto found = relay_interfaces({}, std::vector{kMachine[0], kMachine[4]});

  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].bound.is_loopback());
  EXPECT_TRUE(found[1].bound.is_loopback());
}

TEST(RelayInterfaces, RefuseAnExternalAddressOfAFamilyThatTheMachineLacks) {
  ServerConfig config;
  config.relay_external = {address("[2001:db8::1]:0").ip};

  EXPECT_THROW(relay_interfaces(config, std::vector{kMachine[1]}), service::StartError);
  EXPECT_THROW(relay_interfaces({}, {}), service::StartError);
}

}  // namespace
}  // namespace icebreaker::turn::test
