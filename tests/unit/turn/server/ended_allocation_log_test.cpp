#include "turn/server/ended_allocation_log.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/turn_client.hpp"

namespace icebreaker::turn::test {
namespace {

using testing::HasSubstr;

effect::AllocationEnded ended_allocation() {
  return {.relay = RelayId{1},
          .client = TurnClient{"203.0.113.5:40000", "alice", ""}.tuple(),
          .relayed = {address("8.8.4.4:50000")},
          .also_relayed = std::nullopt,
          .username = "alice",
          .reason = EndReason::Expired,
          .age = std::chrono::minutes{10},
          .traffic = {}};
}

class UselessAllocation : public testing::Test {
 protected:
  std::string why() { return explain(ended_).value().why; }

  std::string advice() { return explain(ended_).value().advice; }

  // What the log says, each line as the process writes it.
  std::string logged(service::LogFormat format, service::LogLevel level, int times = 1) {
    service::Log sink{level, format};
    EndedAllocationLog log{service::Logger{sink, "turn"}};
    testing::internal::CaptureStderr();
    for (int i = 0; i < times; ++i) log.write(now_, ended_);
    now_ += std::chrono::minutes{1};
    log.write(now_, ended_);
    return testing::internal::GetCapturedStderr();
  }

  effect::AllocationEnded ended_ = ended_allocation();
  Traffic& traffic_ = ended_.traffic;
  MonoTime now_ = MonoTime{} + std::chrono::hours{1};
};

TEST_F(UselessAllocation, NamesEachRuleThatRefusedAPeer) {
  const auto network = [](std::string_view text) { return Cidr::parse(text).value(); };
  traffic_.count_refusal(PeerRule::Private, peer("10.0.0.7:0"));
  ended_.refusals = {{peer("10.0.0.7:0"), PeerRule::Private, network("10.0.0.0/8")},
                     {peer("9.9.9.9:5"), PeerRule::Denied, network("9.9.0.0/16")},
                     {peer("8.8.4.4:3478"), PeerRule::OwnEndpoint, {}},
                     {peer("8.8.4.4:22"), PeerRule::OwnHost, {}}};

  EXPECT_EQ(why(),
            "every peer that the client asked for was refused: 10.0.0.7 (private 10.0.0.0/8), "
            "9.9.9.9:5 (peers.deny 9.9.0.0/16), 8.8.4.4:3478 (a port of this server itself), "
            "8.8.4.4:22 (this server, but no relay port)");
  EXPECT_THAT(advice(), HasSubstr("add their network to peers.allow"));
}

TEST_F(UselessAllocation, PointsToPeersDenyWhenThatRefused) {
  traffic_.count_refusal(PeerRule::Denied, peer("9.9.9.9:0"));

  EXPECT_EQ(why(), "every peer that the client asked for was refused");
  EXPECT_THAT(advice(), HasSubstr("take their network out of peers.deny"));
}

TEST_F(UselessAllocation, TellsAClientThatNeverAskedFromOneThatNeverSent) {
  EXPECT_EQ(why(), "the client never asked for a peer");
  EXPECT_THAT(advice(), HasSubstr("look at signaling"));

  traffic_.count_permissions(1);
  EXPECT_EQ(why(), "the client never sent");
  EXPECT_THAT(advice(), HasSubstr("direct path"));

  traffic_.to_client.add(100);
  EXPECT_EQ(why(), "peers sent, but the client never did");
}

TEST_F(UselessAllocation, NamesAFewPeersThatLackedAPermission) {
  for (const auto* each : {"9.9.9.1:1", "9.9.9.2:2", "9.9.9.2:2", "9.9.9.3:3", "9.9.9.4:4"}) {
    traffic_.count_send_without_permission(peer(each));
  }

  EXPECT_EQ(why(),
            "the client sent to peers that it has no permission for: 9.9.9.1:1, 9.9.9.2:2, "
            "9.9.9.3:3");
  EXPECT_THAT(advice(), HasSubstr("every five minutes"));
}

TEST_F(UselessAllocation, TellsSilentPeersFromOnesThatAnswerFromElsewhere) {
  traffic_.to_peers.add(100);
  EXPECT_EQ(why(), "no peer ever answered");
  EXPECT_THAT(advice(), HasSubstr("let UDP in and out of relay.ports"));

  traffic_.count_unwanted(peer("[2001:db8::7]:9"));
  EXPECT_EQ(why(), "only peers without permission answered: [2001:db8::7]:9");
  EXPECT_THAT(advice(), HasSubstr("a NAT before them"));
}

TEST_F(UselessAllocation, IsNoneWhenPacketsWentBothWays) {
  traffic_.to_peers.add(100);
  traffic_.to_client.add(100);

  EXPECT_FALSE(explain(ended_).has_value());
  EXPECT_EQ(logged(service::LogFormat::Text, service::LogLevel::Info), "");
}

TEST_F(UselessAllocation, BlamesAPrivateRelayAddressForClientsOnTheInternet) {
  ended_.relayed = {address("10.0.0.5:50000")};
  ended_.client.client = {address("8.8.8.8:40000")};
  traffic_.to_peers.add(100);

  EXPECT_TRUE(tells_private_address(ended_));
  const std::string lines = logged(service::LogFormat::Text, service::LogLevel::Info);
  EXPECT_THAT(lines,
              HasSubstr("WARN turn: relay address is private why=\"clients on the internet"));
  EXPECT_THAT(lines, HasSubstr("do=\"set relay.external to this server's public address\" "
                               "relayed=10.0.0.5 user=alice"));

  ended_.client.client = {address("192.168.1.2:40000")};
  EXPECT_FALSE(tells_private_address(ended_));
}

TEST_F(UselessAllocation, IsOneLineWithoutTheClientsAddressInText) {
  const std::string lines = logged(service::LogFormat::Text, service::LogLevel::Info, 7);

  EXPECT_THAT(lines, HasSubstr("INFO turn: allocation was useless why=\"the client never asked for "
                               "a peer\" do=\"harmless"));
  EXPECT_THAT(lines, HasSubstr("use=never-asked-for-peer user=alice end=expired age_s=600"));
  EXPECT_THAT(lines, testing::Not(HasSubstr("203.0.113.5")));
  EXPECT_EQ(std::ranges::count(lines, '\n'), 6);  // five, and one of the next minute
  EXPECT_THAT(lines, HasSubstr("held_back=2"));
}

TEST_F(UselessAllocation, IsOneObjectInJson) {
  const std::string lines = logged(service::LogFormat::Json, service::LogLevel::Info);

  EXPECT_THAT(lines,
              HasSubstr(R"("message":"allocation was useless","why":"the client never asked)"));
  EXPECT_THAT(lines, HasSubstr(R"("use":"never-asked-for-peer","user":"alice","end":"expired")"));
}

TEST_F(UselessAllocation, HasItsWholeStoryAtDebug) {
  traffic_.to_peers.add(100);
  traffic_.to_client.add(200);

  const std::string lines = logged(service::LogFormat::Text, service::LogLevel::Debug);

  EXPECT_THAT(lines, HasSubstr("DEBUG turn: allocation ended reason=expired "
                               "client=203.0.113.5:40000 user=alice relayed=8.8.4.4:50000"));
  EXPECT_THAT(lines, HasSubstr("to_client_bytes=200"));
  EXPECT_THAT(lines, HasSubstr("use=worked"));
}

}  // namespace
}  // namespace icebreaker::turn::test
