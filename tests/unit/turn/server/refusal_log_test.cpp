#include "turn/server/refusal_log.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace icebreaker::turn::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Handled refused(AuthFailure auth, std::string_view user = "alice",
                std::chrono::seconds expired_for = 0s) {
  return {.method = stun::Method::Allocate,
          .error = stun::ErrorCode::Unauthenticated,
          .auth = auth,
          .username = user,
          .expired_for = expired_for};
}

Handled refused(QuotaRefusal quota) {
  return {.method = stun::Method::Allocate,
          .error = stun::ErrorCode::AllocationQuotaReached,
          .quota = quota};
}

std::string why(const Handled& handled) {
  return explain(handled).value().why;
}

std::string advice(const Handled& handled) {
  return explain(handled).value().advice;
}

TEST(Refusal, OfExpiredCredentialsTellsHowFarTheClocksAreApart) {
  const auto after = [](std::chrono::seconds time) {
    return why(refused(AuthFailure::ExpiredCredential, "1:alice", time));
  };

  EXPECT_EQ(after(59s), "the credentials expired 59 s ago by this machine's clock");
  EXPECT_EQ(after(61s), "the credentials expired 1 min 1 s ago by this machine's clock");
  EXPECT_EQ(after(3h + 5min), "the credentials expired 3 h 5 min ago by this machine's clock");
  EXPECT_EQ(after(50h), "the credentials expired 2 d 2 h ago by this machine's clock");
  EXPECT_THAT(advice(refused(AuthFailure::ExpiredCredential)), HasSubstr("compare `date -u`"));
}

TEST(Refusal, TellsAWrongSecretFromAWrongPasswordAndAnUnknownUser) {
  EXPECT_EQ(why(refused(AuthFailure::WrongSecret)),
            "none of this server's secrets makes the client's password");
  EXPECT_THAT(advice(refused(AuthFailure::WrongSecret)), HasSubstr("ICEBREAKER_TURN_SECRET"));
  EXPECT_EQ(why(refused(AuthFailure::WrongPassword)), "wrong password");
  EXPECT_EQ(why(refused(AuthFailure::UnknownUser)), "no user has this name");
  EXPECT_THAT(why(refused(AuthFailure::UnknownUser, "1700000000:alice")),
              HasSubstr("has no secret to check one with"));
}

TEST(Refusal, OfAnotherRealmSaysSo) {
  EXPECT_EQ(why(refused(AuthFailure::WrongRealm)),
            "the client signed for another realm than this server's");
  EXPECT_THAT(advice(refused(AuthFailure::WrongRealm)), HasSubstr("the same realm"));
}

TEST(Refusal, OfFaultyClientsSaysThatTheyAre) {
  for (const AuthFailure each : {AuthFailure::MissingAttribute, AuthFailure::InvalidUsername,
                                 AuthFailure::AlteredAlgorithms, AuthFailure::OtherUser}) {
    EXPECT_THAT(advice(refused(each)), HasSubstr("a faulty client")) << name_of(each);
  }
}

TEST(Refusal, NamesTheLimitThatIsReached) {
  EXPECT_THAT(why(refused(QuotaRefusal::UserLimit)), HasSubstr("limits.allocations_per_user"));
  EXPECT_THAT(why(refused(QuotaRefusal::NetworkLimit)),
              HasSubstr("limits.allocations_per_network"));
  EXPECT_EQ(why(refused(QuotaRefusal::ServerLimit)),
            "this server holds limits.allocations already");
}

TEST(Refusal, IsNoStoryBetweenAnyClientAndServer) {
  EXPECT_FALSE(explain(refused(AuthFailure::NoCredentials)).has_value());
  EXPECT_FALSE(explain(refused(AuthFailure::StaleNonce)).has_value());
  EXPECT_FALSE(
      explain(Handled{.method = stun::Method::Allocate, .error = std::nullopt}).has_value());
}

TEST(PortFailure, TellsAFullRangeFromAnotherTrouble) {
  const auto why_of = [](std::errc error) {
    return explain_port_failure(std::make_error_code(error)).why;
  };

  EXPECT_EQ(why_of(std::errc::address_in_use), "no free port was found in relay.ports");
  EXPECT_EQ(why_of(std::errc::too_many_files_open), "this process may not open more sockets");
  EXPECT_EQ(why_of(std::errc::address_not_available),
            "the relay address is not one of this machine, or not any more");
  EXPECT_EQ(why_of(std::errc::permission_denied), "the kernel refused the socket");
}

class RefusalLines : public testing::Test {
 protected:
  std::string logged(service::LogFormat format, service::LogLevel level, auto write) {
    service::Log sink{level, format};
    RefusalLog log{service::Logger{sink, "turn"}};
    testing::internal::CaptureStderr();
    write(log);
    return testing::internal::GetCapturedStderr();
  }

  SocketAddress client_ = SocketAddress::parse("203.0.113.5:40000").value();
  MonoTime now_ = MonoTime{} + 1h;
};

TEST_F(RefusalLines, AreFewOfEachKindAndDoNotHideOtherKinds) {
  const auto lines = logged(service::LogFormat::Text, service::LogLevel::Info, [&](auto& log) {
    for (int i = 0; i < 1000; ++i) log.write(now_, refused(AuthFailure::WrongPassword), client_);
    log.write(now_, refused(AuthFailure::ExpiredCredential, "7:bob", 90s), client_);
    log.write(now_ + 1min, refused(AuthFailure::WrongPassword), client_);
  });

  EXPECT_EQ(std::ranges::count(lines, '\n'), 5);
  EXPECT_THAT(lines, HasSubstr("INFO turn: request refused why=\"the credentials expired 1 min 30 "
                               "s ago by this machine's clock\" do=\"if the client"));
  EXPECT_THAT(lines, HasSubstr("method=allocate error=401 reason=expired-credential user=7:bob"));
  EXPECT_THAT(lines, HasSubstr("held_back=997"));
  EXPECT_THAT(lines, testing::Not(HasSubstr("203.0.113.5")));
}

TEST_F(RefusalLines, WarnWhenTheServerIsFull) {
  const auto lines = logged(service::LogFormat::Json, service::LogLevel::Warn, [&](auto& log) {
    log.write(now_, refused(QuotaRefusal::UserLimit), client_);
    log.write(now_, refused(QuotaRefusal::ServerLimit), client_);
    log.write_port_failure(now_, client_.ip, std::make_error_code(std::errc::address_in_use));
  });

  EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
  EXPECT_THAT(lines, HasSubstr(R"("message":"request refused","why":"this server holds limits.)"));
  EXPECT_THAT(lines, HasSubstr(R"("message":"cannot bind a relay port","why":"no free port was)"));
}

TEST_F(RefusalLines, HaveTheClientAtDebug) {
  const auto lines = logged(service::LogFormat::Text, service::LogLevel::Debug, [&](auto& log) {
    log.write(now_, refused(AuthFailure::NoCredentials), client_);
    log.write(now_, refused(AuthFailure::StaleNonce), client_);
  });

  EXPECT_EQ(std::ranges::count(lines, '\n'), 1);
  EXPECT_THAT(lines, HasSubstr("DEBUG turn: refused client=203.0.113.5:40000 method=allocate"));
}

}  // namespace
}  // namespace icebreaker::turn::test
