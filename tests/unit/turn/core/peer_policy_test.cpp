#include "turn/core/peer_policy.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace icebreaker::turn {
namespace {

using enum PeerRule;

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}

PeerAddress peer(std::string_view address, std::uint16_t port = 5000) {
  return {{ip(address), port}};
}

PeerRule check_by_default(std::string_view address) {
  return PeerPolicy{{}}.check(peer(address));
}

struct Case {
  std::string_view address;
  PeerRule rule;
};

constexpr auto kV4Cases = std::to_array<Case>({
    {"0.0.0.0", Unspecified},
    {"0.0.0.1", ThisNetwork},
    {"0.255.255.255", ThisNetwork},
    {"1.0.0.0", Allowed},
    {"9.255.255.255", Allowed},
    {"10.0.0.0", Private},
    {"10.255.255.255", Private},
    {"11.0.0.0", Allowed},
    {"100.63.255.255", Allowed},
    {"100.64.0.0", SharedAddressSpace},
    {"100.127.255.255", SharedAddressSpace},
    {"100.128.0.0", Allowed},
    {"126.255.255.255", Allowed},
    {"127.0.0.0", Loopback},
    {"127.0.0.1", Loopback},
    {"127.255.255.255", Loopback},
    {"128.0.0.0", Allowed},
    {"169.253.255.255", Allowed},
    {"169.254.0.0", LinkLocal},
    {"169.254.169.254", LinkLocal},  // cloud metadata
    {"169.255.0.0", Allowed},
    {"172.15.255.255", Allowed},
    {"172.16.0.0", Private},
    {"172.31.255.255", Private},
    {"172.32.0.0", Allowed},
    {"192.0.0.0", ProtocolAssignment},
    {"192.0.0.255", ProtocolAssignment},
    {"192.0.1.0", Allowed},
    {"192.0.2.0", Documentation},
    {"192.0.2.255", Documentation},
    {"192.88.99.1", Translation},
    {"192.88.100.0", Allowed},
    {"192.167.255.255", Allowed},
    {"192.168.0.0", Private},
    {"192.168.255.255", Private},
    {"192.169.0.0", Allowed},
    {"198.17.255.255", Allowed},
    {"198.18.0.0", Benchmarking},
    {"198.19.255.255", Benchmarking},
    {"198.20.0.0", Allowed},
    {"198.51.100.1", Documentation},
    {"198.51.101.0", Allowed},
    {"203.0.113.9", Documentation},
    {"203.0.114.0", Allowed},
    {"223.255.255.255", Allowed},
    {"224.0.0.1", Multicast},
    {"239.255.255.255", Multicast},
    {"240.0.0.0", Reserved},
    {"255.255.255.254", Reserved},
    {"255.255.255.255", Broadcast},
});

constexpr auto kV6Cases = std::to_array<Case>({
    {"::", Unspecified},
    {"::1", Loopback},
    {"64:ff9b:1::a00:1", Translation},
    {"100::1", Discard},
    {"100:0:0:1::1", Reserved},
    {"0:1::1", Unassigned},
    {"1ff::1", Unassigned},
    {"200::1", Unassigned},
    {"400::1", Unassigned},
    {"800::1", Unassigned},
    {"1000::1", Unassigned},
    {"2001:2::1", Benchmarking},
    {"2001:20::1", ProtocolAssignment},
    {"2001:1ff:ffff::", ProtocolAssignment},
    {"2001:200::1", Allowed},
    {"2001:db8::1", Documentation},
    {"2001:db9::1", Allowed},
    {"2606:4700::1111", Allowed},
    {"3fff:fff:ffff::", Documentation},
    {"3fff:1000::", Allowed},
    {"4000::1", Unassigned},
    {"5f00::1", Unassigned},
    {"8000::1", Unassigned},
    {"fc00::1", UniqueLocal},
    {"fd12:3456::1", UniqueLocal},
    {"fe80::1", LinkLocal},
    {"febf::1", LinkLocal},
    {"fec0::1", SiteLocal},
    {"ff02::1", Multicast},
});

TEST(PeerPolicy, RefusesEverySpecialPurposeV4NetworkAndNothingBesideIt) {
  for (const auto& [address, rule] : kV4Cases)
    EXPECT_EQ(check_by_default(address), rule) << address;
}

TEST(PeerPolicy, RefusesEverySpecialPurposeV6NetworkAndNothingBesideIt) {
  for (const auto& [address, rule] : kV6Cases)
    EXPECT_EQ(check_by_default(address), rule) << address;
}

TEST(PeerPolicy, JudgesV4MappedAddressesAsTheV4TheyMean) {
  for (const auto& [address, rule] : kV4Cases) {
    const std::string mapped = "::ffff:" + std::string{address};
    EXPECT_EQ(check_by_default(mapped), rule) << mapped;
  }
}

TEST(PeerPolicy, JudgesNat64AddressesAsTheV4TheyMean) {
  for (const auto& [address, rule] : kV4Cases) {
    const std::string translated = "64:ff9b::" + std::string{address};
    EXPECT_EQ(check_by_default(translated), rule) << translated;
  }
}

TEST(PeerPolicy, JudgesV4CompatibleAddressesAsTheV4TheyMean) {
  EXPECT_EQ(check_by_default("::127.0.0.1"), Loopback);
  EXPECT_EQ(check_by_default("::10.1.2.3"), Private);
  EXPECT_EQ(check_by_default("::0.0.0.2"), ThisNetwork);
  EXPECT_EQ(check_by_default("::8.8.8.8"), Allowed);
}

TEST(PeerPolicy, JudgesSixToFourAddressesAsTheV4TheyMean) {
  EXPECT_EQ(check_by_default("2002:7f00:1::1"), Loopback);
  EXPECT_EQ(check_by_default("2002:a9fe:a9fe::1"), LinkLocal);
  EXPECT_EQ(check_by_default("2002:a01:203::1"), Private);
  EXPECT_EQ(check_by_default("2002:808:808::1"), Allowed);
}

TEST(PeerPolicy, JudgesTeredoAddressesByClientAndServer) {
  // Client address inverted in the last 32 bits: 127.0.0.1 is 80ff:fffe, 8.8.8.8 is f7f7:f7f7.
  EXPECT_EQ(check_by_default("2001:0:808:808::80ff:fffe"), Loopback);
  EXPECT_EQ(check_by_default("2001:0:a00:1::f7f7:f7f7"), Private);
  EXPECT_EQ(check_by_default("2001:0:808:808::f7f7:f7f7"), Allowed);
}

TEST(PeerPolicy, AllowListOverridesTheDefaultRefusals) {
  const PeerPolicy policy{{.allow = {cidr("127.0.0.0/8"), cidr("::1")}}};

  EXPECT_EQ(policy.check(peer("127.0.0.1")), Allowed);
  EXPECT_EQ(policy.check(peer("::ffff:127.0.0.1")), Allowed);
  EXPECT_EQ(policy.check(peer("::1")), Allowed);
  EXPECT_EQ(policy.check(peer("10.0.0.1")), Private);
}

TEST(PeerPolicy, AllowingAllOfV6DoesNotAllowTheV4InsideIt) {
  const PeerPolicy policy{{.allow = {cidr("::/0")}, .deny = {cidr("2002::/16")}}};

  EXPECT_EQ(policy.check(peer("fd00::1")), Allowed);
  EXPECT_EQ(policy.check(peer("64:ff9b::10.0.0.1")), Private);
  EXPECT_EQ(policy.check(peer("2002:808:808::1")), Denied);
}

TEST(PeerPolicy, DenyListWinsOverTheAllowList) {
  const PeerPolicy policy{{.allow = {cidr("10.0.0.0/8")}, .deny = {cidr("10.1.0.0/16")}}};

  EXPECT_EQ(policy.check(peer("10.0.0.1")), Allowed);
  EXPECT_EQ(policy.check(peer("10.1.0.1")), Denied);
  EXPECT_EQ(policy.check(peer("::ffff:10.1.0.1")), Denied);
}

TEST(PeerPolicy, OwnRelayAddressesAreReachableOnRelayPortsOnly) {
  const PeerPolicy policy{{.relays = {{.bound = ip("10.0.0.5"), .external = ip("10.9.9.9")}},
                           .relay_ports = {.first = 50000, .last = 50100}}};

  EXPECT_EQ(policy.check(peer("10.9.9.9", 50000)), Allowed);
  EXPECT_EQ(policy.check(peer("10.9.9.9", 50100)), Allowed);
  EXPECT_EQ(policy.check(peer("10.9.9.9", 50101)), OwnHost);
  EXPECT_EQ(policy.check(peer("10.9.9.9", 0)), Allowed);
  EXPECT_EQ(policy.check(peer("10.0.0.5", 50000)), Private);  // clients are told the external one
}

TEST(PeerPolicy, OwnEndpointsAreRefusedEvenWhenTheirNetworkIsAllowed) {
  const PeerPolicy policy{
      {.allow = {cidr("127.0.0.0/8")}, .own_endpoints = {{cidr("127.0.0.1/32"), 3478}}}};

  EXPECT_EQ(policy.check(peer("127.0.0.1", 3478)), OwnEndpoint);
  EXPECT_EQ(policy.check(peer("::ffff:127.0.0.1", 3478)), OwnEndpoint);
  EXPECT_EQ(policy.check(peer("127.0.0.1", 3479)), Allowed);
}

TEST(PeerPolicy, EveryRuleHasAName) {
  for (std::size_t rule = 0; rule < static_cast<std::size_t>(Count); ++rule) {
    EXPECT_FALSE(name_of(static_cast<PeerRule>(rule)).empty());
  }
}

}  // namespace
}  // namespace icebreaker::turn
