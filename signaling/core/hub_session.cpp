// Hello on either transport: resume, re-create by token, or open.
#include <utility>

#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr auto kUnavailableRetry = 1s;

}  // namespace

void Hub::Core::establish(Now now, client::Hello hello, OnEstablished done) {
  ++counters_.received.at(0);
  if (!hello.resume) return open_or_recreate(now, hello, std::move(done));
  const ResumeRequest request{hello.resume->session, hello.resume->epoch, hello.resume->after};
  state_.resume(
      now, request,
      [this, hello = std::move(hello), done = std::move(done)](
          Now then, std::expected<SessionInfo, StateError> resumed) mutable {
        if (resumed) {
          done(then, Established{*std::move(resumed), Established::How::Resumed});
        } else if (resumed.error() != StateError::Unavailable && !hello.resume_token.empty()) {
          open_or_recreate(then, hello, std::move(done));
        } else {
          done(then, std::unexpected(code_of(resumed.error())));
        }
      });
}

void Hub::Core::open_or_recreate(Now now, const client::Hello& hello, OnEstablished done) {
  OpenRequest request{hello.user, hello.room.empty() ? hello.queue : hello.room, {}, std::nullopt};
  auto how = Established::How::Opened;
  if (!hello.resume_token.empty()) {
    how = Established::How::Recreated;
    request.recreate = tokens_.verify(now, hello.resume_token);
    if (!request.recreate) return done(now, std::unexpected(ErrorCode::Unauthorized));
  }
  state_.open(now, std::move(request),
              [how, done = std::move(done)](Now then,
                                            std::expected<SessionInfo, StateError> opened) mutable {
                if (opened) {
                  done(then, Established{*std::move(opened), how});
                } else {
                  done(then, std::unexpected(code_of(opened.error())));
                }
              });
}

std::optional<server::Error> Hub::Core::refuse_open(Now now, const ClientInfo& client) {
  server::Error error = make_error(ErrorCode::Unavailable);
  if (draining_) return error;
  const auto retry_after = opens_.refuse(now, client.address);
  if (!retry_after) return std::nullopt;
  ++counters_.rate_limited;
  error = make_error(ErrorCode::RateLimited);
  error.retry_after = retry_after;
  return error;
}

std::string Hub::Core::welcome_of(Now now, const Established& established,
                                  const ClientInfo& client) {
  using How = Established::How;
  const SessionInfo& info = established.info;
  if (established.how == How::Recreated) ++counters_.recreated;
  server::Welcome welcome;
  welcome.session = info.session;
  welcome.peer = info.standing.peer;
  welcome.epoch = info.epoch;
  welcome.seq = info.acked;
  welcome.received = info.received;
  welcome.resumed = established.how == How::Resumed;
  welcome.resume_token = tokens_.mint(now, info.standing);
  welcome.ice = ice_.ice_servers(now, info.standing.peer, client.host);
  ice_ttl_ = welcome.ice.ttl;
  welcome.hold = config_.hold;
  welcome.ping = config_.ping;
  welcome.away_after = config_.away_after;
  welcome.resume_window = config_.resume_window;
  welcome.limits = config_.limits;
  return encode(ServerMessage{std::move(welcome)});
}

server::Error make_error(ErrorCode code) {
  server::Error error{code, std::string{describe(code)}, std::nullopt, std::nullopt, std::nullopt};
  if (code == ErrorCode::Unavailable) error.retry_after = kUnavailableRetry;
  return error;
}

ErrorCode code_of(StateError error) {
  switch (error) {
    case StateError::UnknownSession:
    case StateError::SessionLost:
      return ErrorCode::SessionLost;
    case StateError::Superseded:
      return ErrorCode::Superseded;
    case StateError::Unavailable:
      return ErrorCode::Unavailable;
  }
  return ErrorCode::Unavailable;
}

}  // namespace icebreaker::signaling
