// Advisories of this field about what the answers give away: to those who did not ask for them, of
// other clients' data, and of what comes next.
#include <algorithm>
#include <set>

#include "common/crypto/system_random.hpp"
#include "tests/unit/turn/core/advisories/advisory_fixture.hpp"
#include "turn/core/nonce.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::AttributeType;
using stun::Method;

class ReplyAdvisories : public AdvisoryFixture {
 protected:
  static Bytes binding_request(const std::vector<AttributeType>& attributes = {}) {
    std::array<std::byte, 2048> buffer{};
    stun::MessageBuilder builder{buffer, stun::MessageClass::Request, Method::Binding, {}};
    for (const AttributeType each : attributes) builder.add_raw(each, {});
    return copy_of(builder.finish());
  }

  [[nodiscard]] std::size_t challenged_of(unsigned requests, std::string_view from) {
    TurnClient stranger{from, "", ""};
    stranger.move_to(link_id(GetParam(), 99));
    std::size_t challenged = 0;
    for (unsigned index = 0; index < requests; ++index) {
      const auto verdict = deliver(stranger, stranger.allocate());
      if (std::holds_alternative<Handled>(verdict)) ++challenged;
    }
    return challenged;
  }
};

// Every padding byte between the attributes of a message.
void expect_zero_padding(ByteView bytes) {
  const auto message = stun::MessageView::parse(bytes).value();
  for (const stun::AttributeView& each : message) {
    const auto end = static_cast<std::size_t>(each.value.data() + each.value.size() - bytes.data());
    for (std::size_t at = end; at < stun::padded_to_4(end); ++at) {
      EXPECT_EQ(bytes[at], std::byte{0}) << static_cast<int>(each.type);
    }
  }
}

// The bound leaves 20 bytes plus an IPv6 address out: 44 bytes answer 20, and a shorter answer
// does not exist.
TEST_P(ReplyAdvisories, reflection_1588_1957_bindings_are_hardly_amplified) {
  TurnClient v4{"203.0.113.5:40000", "", ""};
  TurnClient v6{"[2606:4700::5]:40000", "", ""};
  for (TurnClient* each : {&v4, &v6}) each->move_to(link_id(GetParam(), 1));
  const Bytes bare = binding_request();

  EXPECT_EQ(exchange(v4, bare).bytes().size(), 32U);
  EXPECT_EQ(exchange(v6, bare).bytes().size(), 44U);
  std::vector<AttributeType> unknown;
  for (unsigned count = 1; count < 100; ++count) {
    unknown.push_back(static_cast<AttributeType>(0x7000U + count));
    const Bytes request = binding_request(unknown);
    const ReceivedReply reply = exchange(v4, request);
    EXPECT_EQ(reply.error(), 420);
    EXPECT_LE(reply.bytes().size() * 10, request.size() * 16) << count;
  }
}

TEST_P(ReplyAdvisories, reflection_1588_1957_no_answer_names_software_or_reason_to_strangers) {
  TurnClient stranger{"203.0.113.5:40000", kAlice, kPassword};
  stranger.move_to(link_id(GetParam(), 1));
  const ReceivedReply challenge = exchange(stranger, stranger.allocate());
  EXPECT_EQ(challenge.error(), 401);
  EXPECT_EQ(challenge.message().get<stun::ErrorCodeAttribute>()->reason, "");

  for (const ReceivedReply& each : {challenge, exchange(stranger, binding_request())}) {
    EXPECT_FALSE(each.message().has<stun::Software>());
  }
}

TEST_P(ReplyAdvisories, reflection_1588_1957_challenges_have_a_budget_per_network) {
  EXPECT_EQ(challenged_of(1000, "203.0.113.5:1"), 200U);
  EXPECT_EQ(challenged_of(1000, "203.0.113.250:2"), 0U);
  EXPECT_EQ(challenged_of(1000, "203.0.112.5:1"), 200U);
  EXPECT_EQ(challenged_of(1000, "[2606:4700:0:1100::1]:1"), 200U);
  EXPECT_EQ(challenged_of(1000, "[2606:4700:0:11ff:ffff::1]:1"), 0U);
  EXPECT_EQ(challenged_of(1000, "[2606:4700:0:1200::1]:1"), 200U);
}

TEST_P(ReplyAdvisories, CVE_2020_4067_padding_is_zero_in_dirty_buffers) {
  for (std::size_t size = 0; size < 9; ++size) {
    std::array<std::byte, 256> buffer{};
    buffer.fill(std::byte{0xAA});
    const std::string text(size, 'x');
    stun::MessageBuilder builder{buffer, stun::MessageClass::ErrorResponse, Method::Allocate, {}};
    builder.add<stun::ErrorCodeAttribute>({stun::ErrorCode::Unauthenticated, text});
    builder.add<stun::Realm>(text).add<stun::Nonce>(text);
    builder.add_raw(AttributeType::Data, bytes_of(text));
    stun::AttributeTypeList unknown;
    for (std::size_t count = 0; count < size; ++count) {
      unknown.push_back(static_cast<AttributeType>(0x7000U + count));
    }
    builder.add<stun::UnknownAttributes>(unknown);
    expect_zero_padding(builder.finish());
  }
}

TEST_P(ReplyAdvisories, CVE_2020_4067_padding_of_every_reply_is_zero) {
  TurnClient client = relaying_client();
  for (const Bytes& request :
       {client.allocate(), client.refresh(600s), client.create_permission({}),
        client.create_permission({peer("8.8.8.8:1")}),
        client.create_permission({peer("10.0.0.1:1")}),
        client.channel_bind(0x4000, peer("8.8.8.8:1")), binding_request(),
        binding_request({static_cast<AttributeType>(0x7001)})}) {
    exchange(client, request);
  }
  client.forget_nonce();
  exchange(client, client.allocate());

  std::size_t replies = 0;
  for (const auto& each : seen<effect::Reply>()) {
    expect_zero_padding(each.bytes.view());
    ++replies;
  }
  EXPECT_GE(replies, 10U);
}

// Chi-square of the digits behind the time, 63 degrees of freedom: above 156 with p < 1e-9.
TEST(NonceAdvisories, CVE_2025_69217_nonces_are_unpredictable) {
  crypto::SystemRandom random;
  NonceSecret secret{};
  random.fill(secret);
  const NonceMaker maker{secret, SecurityFeatures{}};
  constexpr std::size_t kMacStart = SecurityFeatures::kCookieBytes + 8;
  constexpr unsigned kNonces = 4096;
  std::array<std::array<unsigned, 256>, NonceMaker::kTextBytes - kMacStart> counts{};
  std::set<std::string> seen;

  for (unsigned number = 0; number < kNonces; ++number) {  // neighbours in address, port and time
    const ClientAddress client{{IpAddress::from_v4(0xCB007100U + number / 64),
                                static_cast<std::uint16_t>(40000 + number % 8)}};
    const auto text = maker.make(MonoTime{1h + std::chrono::seconds{number / 8 % 8}}, client);
    const std::string_view mac = std::string_view{text.data(), text.size()}.substr(kMacStart);
    EXPECT_TRUE(seen.emplace(mac).second);
    for (std::size_t place = 0; place < mac.size(); ++place) {
      ++counts.at(place).at(static_cast<unsigned char>(mac[place]));
    }
  }

  constexpr double kExpected = kNonces / 64.0;
  for (const auto& digits : counts) {
    double chi_square = 0;
    for (const char digit : std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
                                             "mnopqrstuvwxyz0123456789+/"}) {
      const double off = digits.at(static_cast<unsigned char>(digit)) - kExpected;
      chi_square += off * off / kExpected;
    }
    EXPECT_LT(chi_square, 156.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Links, ReplyAdvisories, ::testing::ValuesIn(kLinkKinds), link_name);

}  // namespace
}  // namespace icebreaker::turn::test
