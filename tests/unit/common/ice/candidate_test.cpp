#include "common/ice/candidate.hpp"

#include <gtest/gtest.h>

#include "tests/support/data_file.hpp"

namespace icebreaker::ice {
namespace {

using test::read_data_lines;

std::string with_control_characters(std::string text) {
  for (const auto& [symbol, meant] : {std::pair{"␀", '\0'}, {"␉", '\t'}, {"␠", ' '}}) {
    const std::string_view what = symbol;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what)) {
      text.replace(at, what.size(), 1, meant);
    }
  }
  return text;
}

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value_or(IpAddress{});
}

std::string error_of(std::string_view text) {
  const auto parsed = parse_candidate(text);
  return parsed ? "accepted" : std::string{to_string(parsed.error())};
}

TEST(Candidate, KeepsWhatRealAgentsWriteUnchanged) {
  for (const std::string& line : read_data_lines("ice/candidates.txt")) {
    const auto parsed = parse_candidate(line);
    ASSERT_TRUE(parsed.has_value()) << line << ": " << to_string(parsed.error());
    EXPECT_EQ(to_string(*parsed), line);
  }
}

TEST(Candidate, RefusesWhatTheGrammarDoesNotAllow) {
  for (const std::string& line : read_data_lines("ice/refused.txt")) {
    const std::size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos) << line;
    EXPECT_EQ(error_of(with_control_characters(line.substr(tab + 1))), line.substr(0, tab)) << line;
  }
}

TEST(Candidate, ReadsEveryField) {
  const auto parsed = parse_candidate(
      "candidate:842163049 2 udp 1677729535 203.0.113.7 54321 typ srflx raddr 2001:db8::1 rport "
      "1234 generation 0 ufrag EsAw network-cost 50");

  ASSERT_TRUE(parsed.has_value());
  const Candidate expected{
      .foundation = "842163049",
      .component = 2,
      .transport_token = "udp",
      .priority = 1677729535,
      .address = ip("203.0.113.7"),
      .port = 54321,
      .type = CandidateType::ServerReflexive,
      .other_type = {},
      .related_address = ip("2001:db8::1"),
      .related_port = 1234,
      .tcp_type = std::nullopt,
      .extensions = {{"generation", "0"}, {"ufrag", "EsAw"}, {"network-cost", "50"}}};
  EXPECT_EQ(*parsed, expected);
  EXPECT_EQ(parsed->transport(), Transport::Udp);
  EXPECT_EQ(parsed->find_extension("ufrag"), "EsAw");
  EXPECT_EQ(parsed->find_extension("network-id"), std::nullopt);
}

TEST(Candidate, TakesTheSdpLineTheAttributeAndTheBareValue) {
  const auto line = parse_candidate("a=candidate:1 1 udp 1 192.0.2.1 1 typ host");
  const auto attribute = parse_candidate("candidate:1 1 udp 1 192.0.2.1 1 typ host");
  const auto bare = parse_candidate("1 1 udp 1 192.0.2.1 1 typ host");

  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(line, attribute);
  EXPECT_EQ(line, bare);
}

TEST(Candidate, ReadsKeywordsInAnyCase) {
  const auto parsed =
      parse_candidate("1 1 TcP 1 192.0.2.1 9 TYP Relay RADDR 192.0.2.2 RPort 5 TCPTYPE Passive");

  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(to_string(*parsed),
            "candidate:1 1 TcP 1 192.0.2.1 9 typ relay raddr 192.0.2.2 rport 5 tcptype passive");
  EXPECT_EQ(parsed->transport(), Transport::Tcp);
}

TEST(Candidate, KeepsTransportsAndTypesItDoesNotKnow) {
  const auto parsed = parse_candidate("1 1 sctp 1 sip.example.org 1 typ nat-assisted");

  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->transport(), Transport::Other);
  EXPECT_EQ(parsed->type, CandidateType::Other);
  EXPECT_EQ(parsed->other_type, "nat-assisted");
}

TEST(Candidate, FindsTheTcpTypeBehindOtherExtensions) {
  const auto parsed = parse_candidate("1 1 tcp 1 192.0.2.1 9 typ host generation 0 tcptype so");

  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->tcp_type, TcpType::SimultaneousOpen);
  EXPECT_EQ(parsed->extensions, (std::vector<Extension>{{"generation", "0"}}));
}

TEST(Candidate, LeavesTheTcpTypeOfAUdpCandidateAnExtension) {
  const auto parsed = parse_candidate("1 1 udp 1 192.0.2.1 9 typ host tcptype both");

  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->tcp_type, std::nullopt);
  EXPECT_EQ(parsed->find_extension("tcptype"), "both");
}

TEST(Candidate, TellsMulticastDnsNamesFromOthers) {
  EXPECT_TRUE(HostName{"7c1d3f0e-5a2b.local"}.is_mdns());
  EXPECT_TRUE(HostName{"A.LOCAL"}.is_mdns());
  EXPECT_FALSE(HostName{".local"}.is_mdns());
  EXPECT_FALSE(HostName{"notlocal"}.is_mdns());
  EXPECT_FALSE(HostName{"local.example.org"}.is_mdns());
}

TEST(Candidate, PrintsIpv6InItsCanonicalForm) {
  const auto parsed = parse_candidate("1 1 udp 1 2001:DB8:0:0::1 1 typ host");

  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(to_string(*parsed), "candidate:1 1 udp 1 2001:db8::1 1 typ host");
}

TEST(Candidate, BoundsItsSize) {
  const std::string base = "candidate:1 1 udp 1 192.0.2.1 1 typ host";
  std::string many = base;
  for (std::size_t i = 0; i < kMaxExtensions; ++i) many += " a b";
  const std::string longest = base + " a " + std::string(kMaxCandidateBytes - base.size() - 3, 'x');

  EXPECT_EQ(error_of(many), "accepted");
  EXPECT_EQ(error_of(many + " a b"), "too many extension attributes");
  EXPECT_EQ(error_of(longest), "accepted");
  EXPECT_EQ(error_of(longest + "x"), "too long");
}

TEST(Candidate, RefusesWhatItWouldWriteLongerThanItReads) {
  const std::string bare = "1 1 udp 1 ::ffff:c8c8:c8c8 1 typ host a ";
  const std::string prefix = "candidate:";
  // ::ffff:200.200.200.200 is six characters longer.
  const std::string value(kMaxCandidateBytes - prefix.size() - bare.size() - 6, 'x');

  EXPECT_EQ(error_of(bare + value), "accepted");
  EXPECT_EQ(error_of(bare + value + "x"), "too long");
}

TEST(Candidate, KnowsTheEndOfCandidates) {
  EXPECT_TRUE(is_end_of_candidates(""));
  EXPECT_TRUE(is_end_of_candidates("end-of-candidates"));
  EXPECT_TRUE(is_end_of_candidates("a=end-of-candidates"));
  EXPECT_FALSE(is_end_of_candidates("candidate:"));
  EXPECT_FALSE(is_end_of_candidates("1 1 udp 1 192.0.2.1 1 typ host"));
}

}  // namespace
}  // namespace icebreaker::ice
