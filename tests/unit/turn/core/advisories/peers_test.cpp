// Advisories of this field about peers that a relay must not reach, over every method, kind of
// link and family of relay.
#include <algorithm>

#include "tests/unit/turn/core/advisories/advisory_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

constexpr std::array kFamilies{Family::V4, Family::V6};

class PeerAdvisories : public AdvisoryFixture {
 protected:
  // By CreatePermission, ChannelBind and Send, from a relay of either family.
  void expect_refused(const std::vector<IpAddress>& peers, std::uint16_t port = 80) {
    for (const Family family : kFamilies) {
      TurnClient client = relaying_client(family, from_for(family));
      for (const IpAddress& each : peers) expect_refused_by(client, PeerAddress{{each, port}});
      EXPECT_TRUE(seen<effect::BindChannel>().empty());
      EXPECT_EQ(error_of(client, client.refresh(0s)), 0);
    }
  }

  void expect_refused_by(TurnClient& client, const PeerAddress& to) {
    const std::string name = to.value.to_string();
    EXPECT_EQ(error_of(client, client.create_permission({to})), 403) << name;
    EXPECT_EQ(error_of(client, client.create_permission({harmless(client), to})), 403) << name;
    EXPECT_EQ(error_of(client, client.channel_bind(0x4000, to)), 403) << name;
    const auto sent = deliver(client, client.send_indication(to, "x"));
    EXPECT_EQ(std::get<Drop>(sent), Drop::NoPermission) << name;
    const auto channel_data = deliver(client, TurnClient::channel_data(0x4000, "x"));
    EXPECT_EQ(std::get<Drop>(channel_data), Drop::NoChannel) << name;
    for (const PeerAddress& from : {to, harmless(client)}) {
      const auto received = relay_->on_peer(now_, relay_of(client), from, bytes_of("x"));
      EXPECT_EQ(std::get<Drop>(received), Drop::NoPermission) << name;
    }
    std::erase_if(history_,
                  [](const Effect& each) { return std::holds_alternative<effect::Reply>(each); });
  }

  void take_policy(PeerPolicyConfig policy) {
    policy.relays = config_.interfaces;
    policy.relay_ports = config_.ports;
    relay_->reconfigure({rules({}).authenticator, PeerPolicy{policy}}, effects_);
    run_shell();
  }

  static std::string_view from_for(Family family) {
    return family == Family::V4 ? "203.0.113.5:40004" : "203.0.113.5:40006";
  }

  PeerAddress harmless(const TurnClient& client) {
    return peer(client.tuple().client.value.port == 40004 ? "8.8.8.8:80" : "[2606:4700::1]:80");
  }
};

IpAddress v6_of(std::array<std::uint8_t, 16> bytes) {
  IpAddress::V6Bytes raw{};
  std::ranges::transform(bytes, raw.begin(), [](std::uint8_t each) { return std::byte{each}; });
  return IpAddress::from_v6(raw);
}

// The IPv6 addresses from which somebody on the way makes this IPv4 address again.
std::vector<IpAddress> disguises_of(const IpAddress& v4) {
  const std::uint32_t value = v4.v4_value();
  const auto a = static_cast<std::uint8_t>(value >> 24U);
  const auto b = static_cast<std::uint8_t>(value >> 16U);
  const auto c = static_cast<std::uint8_t>(value >> 8U);
  const auto d = static_cast<std::uint8_t>(value);
  const auto inverted = [](std::uint8_t byte) { return static_cast<std::uint8_t>(~byte); };
  return {
      v6_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d}),
      v6_of({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d}),
      v6_of({0x20, 0x02, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
      v6_of({0x20, 0x01, 0, 0, 8, 8, 8, 8, 0, 0, 0, 0, inverted(a), inverted(b), inverted(c),
             inverted(d)}),
      v6_of({0x20, 0x01, 0, 0, a, b, c, d, 0, 0, 0, 0, 0xf7, 0xf7, 0xf7, 0xf7}),
  };
}

IpAddress mapped(const IpAddress& v4) {
  return IpAddress::parse("::ffff:" + v4.to_string()).value();
}

// The first and the last address of every special-purpose network of the family.
std::vector<IpAddress> special_addresses(Family family) {
  std::vector<IpAddress> found;
  for (const SpecialNetwork& each : special_networks()) {
    const Cidr network = Cidr::parse(each.cidr).value();
    if (network.base().family() != family) continue;
    Bytes last = copy_of(network.base().bytes());
    for (unsigned bit = network.prefix_bits(); bit < last.size() * 8; ++bit) {
      last[bit / 8] |= static_cast<std::byte>(0x80U >> bit % 8);
    }
    found.push_back(network.base());
    found.push_back(IpAddress::from_bytes(last).value());
  }
  return found;
}

TEST_P(PeerAdvisories, Slack_2020_pion_134_special_purpose_networks_are_refused) {
  expect_refused(special_addresses(Family::V4));
  expect_refused(special_addresses(Family::V6));
}

TEST_P(PeerAdvisories, CVE_2020_26262_peers_of_all_zeros_are_refused) {
  expect_refused({ip("0.0.0.0"), ip("::"), ip("::1"), ip("::ffff:0.0.0.0"), ip("64:ff9b::")});
}

TEST_P(PeerAdvisories, CVE_2026_27624_mapped_forms_of_special_networks_are_refused) {
  std::vector<IpAddress> peers;
  for (const IpAddress& each : special_addresses(Family::V4)) peers.push_back(mapped(each));

  expect_refused(peers);
}

// The order of checks let an allowed ::/0 through before the mapped address was understood.
TEST_P(PeerAdvisories, CVE_2026_53450_mapped_loopback_is_refused_whatever_else_is_allowed) {
  take_policy({.allow = {Cidr::parse("::/0").value(), Cidr::parse("10.0.0.0/8").value()}});

  expect_refused({ip("127.0.0.1"), ip("::ffff:127.0.0.1"), ip("::ffff:7f00:1"),
                  ip("::ffff:127.255.255.254"), ip("::ffff:192.168.0.1")});
}

TEST_P(PeerAdvisories, CVE_2026_27624_mapped_forms_of_denied_networks_are_refused) {
  take_policy({.deny = {Cidr::parse("8.8.0.0/16").value()}});

  const IpAddress denied = ip("8.8.4.4");
  std::vector<IpAddress> peers = disguises_of(denied);
  peers.push_back(denied);
  peers.push_back(mapped(denied));
  expect_refused(peers);
}

TEST_P(PeerAdvisories, coturn_1945_1947_addresses_that_embed_refused_ones_are_refused) {
  std::vector<IpAddress> peers;
  for (const IpAddress& each : special_addresses(Family::V4)) {
    std::ranges::copy(disguises_of(each), std::back_inserter(peers));
  }

  expect_refused(peers);
}

TEST_P(PeerAdvisories, coturn_1945_1947_cloud_metadata_is_refused) {
  expect_refused({ip("169.254.169.254"), ip("::ffff:169.254.169.254"), ip("fd00:ec2::254"),
                  ip("64:ff9b::a9fe:a9fe"), ip("2002:a9fe:a9fe::1")});
}

TEST_P(PeerAdvisories, coturn_1946_own_endpoints_are_refused) {
  take_policy({.allow = {Cidr::parse("0.0.0.0/0").value(), Cidr::parse("::/0").value()},
               .own_endpoints = {{Cidr::parse("8.8.8.7").value(), 3478},
                                 {Cidr::parse("2606:4700::7").value(), 9641}}});
  TurnClient v4 = relaying_client(Family::V4, from_for(Family::V4));
  TurnClient v6 = relaying_client(Family::V6, from_for(Family::V6));

  for (auto [client, own, beside] :
       {std::tuple{&v4, "8.8.8.7:3478", "8.8.8.7:3479"},
        std::tuple{&v6, "[2606:4700::7]:9641", "[2606:4700::7]:3478"}}) {
    EXPECT_EQ(error_of(*client, client->channel_bind(0x4000, peer(own))), 403);
    // A permission is for every port of the host; what is sent to this one must not leave.
    EXPECT_EQ(error_of(*client, client->create_permission({peer(own)})), 0);
    EXPECT_EQ(std::get<Drop>(deliver(*client, client->send_indication(peer(own), "x"))),
              Drop::PeerRefused);
    const Bytes allowed = client->send_indication(peer(beside), "x");
    EXPECT_TRUE(std::holds_alternative<ToPeer>(deliver(*client, allowed)));
  }
}

TEST_P(PeerAdvisories, pion_570_every_method_asks_for_a_permission_on_every_link) {
  TurnClient client = relaying_client();
  EXPECT_EQ(error_of(client, client.channel_bind(0x4000, peer("8.8.8.8:1"))), 0);
  advance(301s);  // the channel outlives the permission that came with it

  const Bytes send = client.send_indication(peer("8.8.8.8:1"), "x");
  EXPECT_EQ(std::get<Drop>(deliver(client, send)), Drop::NoPermission);
  EXPECT_EQ(std::get<Drop>(deliver(client, TurnClient::channel_data(0x4000, "x"))),
            Drop::NoPermission);
  EXPECT_EQ(std::get<Drop>(from_peer(client, "8.8.8.8:1", "x")), Drop::NoPermission);
}

TEST_P(PeerAdvisories, livekit_4742_a_new_rule_takes_back_what_was_granted) {
  TurnClient client = relaying_client();
  EXPECT_EQ(error_of(client, client.channel_bind(0x4000, peer("8.8.8.8:1"))), 0);

  take_policy({.deny = {Cidr::parse("8.8.8.8").value()}});

  const Bytes send = client.send_indication(peer("8.8.8.8:1"), "x");
  EXPECT_EQ(std::get<Drop>(deliver(client, send)), Drop::NoPermission);
  EXPECT_EQ(std::get<Drop>(deliver(client, TurnClient::channel_data(0x4000, "x"))),
            Drop::NoChannel);
}

INSTANTIATE_TEST_SUITE_P(Links, PeerAdvisories, ::testing::ValuesIn(kLinkKinds), link_name);

}  // namespace
}  // namespace icebreaker::turn::test
