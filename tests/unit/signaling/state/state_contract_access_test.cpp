// Grants, rates and look-ups: what the hub's access control asks of an engine.
#include "tests/unit/signaling/state/state_contract.hpp"

namespace icebreaker::signaling::testing {
namespace {

constexpr GcraRate kFourAMinute{4, 1min, 1};

// An engine's own clock may run on between two calls.
void expect_wait(RateWait wait, std::chrono::milliseconds expected) {
  ASSERT_TRUE(wait);
  EXPECT_LE(*wait, expected);
  EXPECT_GE(*wait, expected - 1s);
}

TEST_P(StateContract, KeepsGrantsWithTheSession) {
  const std::string grants = "rooms=a-*,b;capacity=4 \"\\\n\xc3\xa4";
  SessionInfo ann = open({"ann", "", grants, std::nullopt});
  act(ann, operation::Join{"lobby", "Ann", 2});

  EXPECT_EQ(ann.standing.grants, grants);
  EXPECT_EQ(resume(ann, 0)->standing.grants, grants);
  const auto attached = attach(ann);
  EXPECT_EQ(attached->standing.grants, grants);
  EXPECT_EQ(attached->delivery.standing->grants, grants);
  OpenRequest request{"eve", "", "other", ann.standing};
  request.recreate->grants = "rooms=c";
  const SessionInfo again = open(request);
  EXPECT_EQ(again.standing.user, "ann");
  EXPECT_EQ(again.standing.grants, "rooms=c");
}

TEST_P(StateContract, CountsTheAgeOfIceServersFromTheLastWelcome) {
  const SessionInfo ann = open();
  const auto age = [&] { return attach(ann)->ice_age; };
  const auto resume_for = [&](ResumeRequest::Purpose purpose) {
    return wait<SessionInfo>([&](Completion<SessionInfo> done) {
      const ResumeRequest request{ann.session, ann.epoch, std::nullopt, purpose};
      engine_->state().resume(engine_->now(), request, std::move(done));
    });
  };

  engine_->advance(20s);
  EXPECT_TRUE(resume_for(ResumeRequest::Purpose::LookUp));
  EXPECT_GE(age(), 20s);
  EXPECT_TRUE(resume_for(ResumeRequest::Purpose::Welcome));
  EXPECT_LT(age(), 20s);
}

TEST_P(StateContract, ChargesRatesUntilTheBurstIsUsedUp) {
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(charge({{"open:ann", 1, kFourAMinute}})) << i;

  expect_wait(charge({{"open:ann", 1, kFourAMinute}}), 15s);
  expect_wait(charge({{"open:ann", 3, kFourAMinute}}), 45s);
  EXPECT_FALSE(charge({{"open:bob", 4, kFourAMinute}}));
  engine_->advance(15s);
  EXPECT_FALSE(charge({{"open:ann", 1, kFourAMinute}}));
  expect_wait(charge({{"open:ann", 1, kFourAMinute}}), 15s);
  engine_->advance(60s);
  EXPECT_FALSE(charge({{"open:ann", 4, kFourAMinute}}));
}

TEST_P(StateContract, ChargesAllRatesOrNone) {
  EXPECT_FALSE(charge({{"join:ann", 4, kFourAMinute}}));
  EXPECT_FALSE(charge({{"join:bob", 3, kFourAMinute}}));

  expect_wait(charge({{"join:eve", 2, kFourAMinute},
                      {"join:bob", 2, kFourAMinute},
                      {"join:ann", 2, kFourAMinute}}),
              30s);
  EXPECT_FALSE(charge({{"join:eve", 4, kFourAMinute}, {"join:bob", 1, kFourAMinute}}));
}

TEST_P(StateContract, ChargesNothingWithoutALimit) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(charge({{"open:ann", 1'000'000, {0, 1min, 1}}}));
  EXPECT_FALSE(charge({}));
  EXPECT_TRUE(engine_->is_empty());
}

TEST_P(StateContract, TakesMoreThanTheBurstFromWhoOwesNothing) {
  EXPECT_FALSE(charge({{"open:ann", 8, kFourAMinute}}));
  expect_wait(charge({{"open:ann", 8, kFourAMinute}}), 120s);
  engine_->advance(120s);
  EXPECT_FALSE(charge({{"open:ann", 8, kFourAMinute}}));
}

}  // namespace
}  // namespace icebreaker::signaling::testing
