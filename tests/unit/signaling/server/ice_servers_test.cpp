#include "signaling/server/ice_servers.hpp"

#include <gtest/gtest.h>

#include "common/crypto/turn_rest.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

const Now kNow{.mono = {}, .wall = WallTime{1'700'000'000s}};
const PeerId kPeer{"p1"};

TEST(ConfiguredIceServers, MintsCredentialsForThePeer) {
  ConfiguredIceServers source{
      {.stun = {"stun:a.example"},
       .turn = {{.urls = {"turn:t.example?transport=udp"}, .secret = "s", .ttl = 600s}}}};

  const IceServerList list = source.ice_servers(kNow, kPeer, "example.org");

  ASSERT_EQ(list.servers.size(), 2U);
  EXPECT_EQ(list.servers[0],
            (IceServer{.urls = {"stun:a.example"}, .username = {}, .credential = {}}));
  EXPECT_EQ(list.servers[1].username, "1700000600:p1");
  EXPECT_EQ(list.servers[1].credential, crypto::turn_rest_password("s", "1700000600:p1"));
  EXPECT_EQ(list.ttl, 600s);
}

TEST(ConfiguredIceServers, PutsTheClientsHostIntoUrls) {
  ConfiguredIceServers source{{.stun = {"stun:{host}:3478"}, .turn = {}}};

  EXPECT_EQ(source.ice_servers(kNow, kPeer, "example.org").servers.at(0).urls.at(0),
            "stun:example.org:3478");
  EXPECT_EQ(source.ice_servers(kNow, kPeer, "[::1]").servers.at(0).urls.at(0), "stun:[::1]:3478");
}

TEST(ConfiguredIceServers, LeavesUrlsOutThatWouldNeedAnUnusableHost) {
  ConfiguredIceServers source{{.stun = {"stun:{host}", "stun:b.example"}, .turn = {}}};

  for (const std::string_view host : {"", "a b", "a/b", "a\"b", "a?b", "user@b"}) {
    const IceServerList list = source.ice_servers(kNow, kPeer, host);
    ASSERT_EQ(list.servers.size(), 1U) << host;
    EXPECT_EQ(list.servers[0].urls, std::vector<std::string>{"stun:b.example"}) << host;
  }
}

TEST(ConfiguredIceServers, LeavesTurnOutThatNobodyCouldUse) {
  ConfiguredIceServers source{{.stun = {}, .turn = {{.urls = {"turn:t.example"}}}}};

  EXPECT_TRUE(source.ice_servers(kNow, kPeer, "h").servers.empty());
}

TEST(ConfiguredIceServers, PassesAFixedUserOn) {
  ConfiguredIceServers source{
      {.stun = {},
       .turn = {{.urls = {"turn:t.example"}, .username = "alice", .credential = "pw"}}}};

  const IceServerList list = source.ice_servers(kNow, kPeer, "h");

  ASSERT_EQ(list.servers.size(), 1U);
  EXPECT_EQ(list.servers[0].username, "alice");
  EXPECT_EQ(list.servers[0].credential, "pw");
  EXPECT_EQ(list.ttl, 24h);
}

TEST(ConfiguredIceServers, HoldsForTheShortestLifetime) {
  ConfiguredIceServers source{{.stun = {},
                               .turn = {{.urls = {"turn:a"}, .secret = "s", .ttl = 3600s},
                                        {.urls = {"turn:b"}, .secret = "s", .ttl = 60s}}}};

  EXPECT_EQ(source.ice_servers(kNow, kPeer, "h").ttl, 60s);
}

TEST(IceUrls, AreChecked) {
  EXPECT_TRUE(is_stun_url("stun:{host}:3478"));
  EXPECT_TRUE(is_stun_url("stuns:a.example"));
  EXPECT_FALSE(is_stun_url("turn:a.example"));
  EXPECT_FALSE(is_stun_url("stun:"));
  EXPECT_FALSE(is_stun_url("stun://a.example"));
  EXPECT_TRUE(is_turn_url("turn:a.example:3478?transport=udp"));
  EXPECT_TRUE(is_turn_url("turns:a.example"));
  EXPECT_FALSE(is_turn_url("stun:a.example"));
  EXPECT_FALSE(is_turn_url("turn:user@a.example"));
}

}  // namespace
}  // namespace icebreaker::signaling
