// Who may come in, what they may do, and how often.
#include <utility>

#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMessageBurst = 4;

const std::string& near_of(const client::Hello& hello) {
  return hello.room.empty() ? hello.queue : hello.room;
}

}  // namespace

void Hub::Core::count_token_refused(TokenProblem problem) {
  ++counters_.tokens_refused.at(static_cast<std::size_t>(problem));
}

Hub::Core::NoEntry Hub::Core::no_entry(ErrorCode code, TokenRefusal refusal) {
  return {{code, std::move(refusal.message), {}, {}, {}}, refusal.problem};
}

std::expected<Hub::Core::Entry, Hub::Core::NoEntry> Hub::Core::entry_of(
    Now now, const client::Hello& hello) {
  if (!hello.resume_token.empty()) {
    auto re_entry = re_entry_of(now, hello);
    // A token opens another session where the old one cannot come back: after a change of secrets,
    // or a day away. Without tokens the client decides, who then need not say anything but hello.
    if (re_entry || !wants_tokens() || hello.token.empty()) return re_entry;
    count_token_refused(TokenProblem::BadResumeToken);
    return entry_by_token(now, hello);
  }
  // Only `resume`: when that is lost, so is the session.
  if (hello.resume) return std::unexpected(NoEntry{make_error(ErrorCode::SessionLost), {}});
  if (!wants_tokens()) return Entry{{hello.user, near_of(hello), {}, {}}, Established::How::Opened};
  return entry_by_token(now, hello);
}

std::expected<Hub::Core::Entry, Hub::Core::NoEntry> Hub::Core::entry_by_token(
    Now now, const client::Hello& hello) const {
  if (hello.token.empty()) {
    return std::unexpected(no_entry(ErrorCode::Unauthorized, refuse_token(TokenProblem::Missing)));
  }
  auto admission = verifier_.verify(now, hello.token);
  if (!admission) {
    return std::unexpected(no_entry(ErrorCode::Unauthorized, std::move(admission.error())));
  }
  if (!hello.user.empty() && hello.user != admission->user) {
    return std::unexpected(no_entry(ErrorCode::Forbidden, refuse_token(TokenProblem::OtherUser)));
  }
  return Entry{{std::move(admission->user), near_of(hello), to_text(admission->grants), {}},
               Established::How::Opened};
}

// The token that a session was opened with may have expired meanwhile: what was granted then lasts
// as long as resume tokens do, or a wiped state engine would end calls.
std::expected<Hub::Core::Entry, Hub::Core::NoEntry> Hub::Core::re_entry_of(
    Now now, const client::Hello& hello) const {
  auto standing = tokens_.verify(now, hello.resume_token);
  // One from before tokens were asked for vouches for nothing.
  if (!standing || (wants_tokens() && standing->grants.empty())) {
    return std::unexpected(
        no_entry(ErrorCode::Unauthorized, refuse_token(TokenProblem::BadResumeToken)));
  }
  return Entry{{{}, near_of(hello), {}, std::move(standing)}, Established::How::Recreated};
}

Hub::Core::Vouched Hub::Core::vouched_of(const Standing& standing) {
  if (standing.grants.empty()) return {};
  return {standing.user, parse_grants(standing.grants)};
}

// The session of a request is whatever its URL says, which must not pass for a user.
std::string Hub::Core::sender_of(const Vouched* vouched, std::string_view session) {
  if (session.empty()) return {};  // not open yet: not to be counted with others that are not
  const bool known = vouched != nullptr && !vouched->user.empty();
  return known ? "user:" + vouched->user : "session:" + std::string{session};
}

std::optional<std::string> Hub::Core::forbidden(const Vouched& vouched,
                                                const ClientMessage& message) const {
  if (!wants_tokens()) return std::nullopt;
  const Permissions may{vouched.grants ? &*vouched.grants : nullptr, config_.access.room_names};
  if (const auto* join = std::get_if<client::Join>(&message)) return may.refuse(*join);
  if (const auto* match = std::get_if<client::Match>(&message)) return may.refuse(*match);
  if (const auto* watch = std::get_if<client::Watch>(&message)) return may.refuse(*watch);
  return std::nullopt;
}

std::optional<Limited> limit_of(const ClientMessage& message) {
  if (std::holds_alternative<client::Join>(message)) return Limited::Join;
  if (std::holds_alternative<client::Match>(message)) return Limited::Match;
  return std::nullopt;
}

GcraRate Hub::Core::rate_of(Limited what) const {
  switch (what) {
    case Limited::Open:
      return {config_.opens_per_minute, 1min, 1};
    case Limited::Join:
      return {config_.joins_per_minute, 1min, 1};
    case Limited::Match:
      return {config_.matches_per_minute, 1min, 1};
    case Limited::Message:
    case Limited::Request:
      break;  // see message_rates
  }
  return {};
}

MessageRates Hub::Core::message_rates() const {
  return {{config_.messages_per_second, 1s, kMessageBurst},
          {config_.messages_per_second_per_address, 1s, kMessageBurst}};
}

// By this instance alone, for a charge in the state engine would cost as much as what it guards.
std::optional<server::Error> Hub::Core::refuse_request(Now now, const ClientInfo& client) {
  const auto wait = messages_.refuse(now, {client.address, {}});
  if (!wait) return std::nullopt;
  return rate_limited(Limited::Request, *wait);
}

void Hub::Core::charge(Now now, Limited what, std::vector<RateCharge> charges,
                       std::move_only_function<void(Now, std::optional<server::Error>)> done) {
  if (charges.empty()) return done(now, std::nullopt);
  state_.charge(now, std::move(charges),
                [this, what, done = std::move(done)](
                    Now then, std::expected<RateWait, StateError> wait) mutable {
                  if (!wait) return done(then, make_error(code_of(wait.error())));
                  if (*wait) return done(then, rate_limited(what, **wait));
                  done(then, std::nullopt);
                });
}

server::Error Hub::Core::rate_limited(Limited what, std::chrono::milliseconds retry_after) {
  ++counters_.rate_limited.at(static_cast<std::size_t>(what));
  server::Error error = make_error(ErrorCode::RateLimited);
  error.retry_after = retry_after;
  return error;
}

void Hub::Core::refuse_message(std::expected<ClientEnvelope, server::Error>& message,
                               server::Error error) {
  if (message && std::holds_alternative<client::Join>(message->message)) {
    count_join_refused(error.code);
  }
  error.n = message ? message->n : message.error().n;
  message = std::unexpected(std::move(error));
}

}  // namespace icebreaker::signaling
