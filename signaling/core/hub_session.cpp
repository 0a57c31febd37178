// Hello on either transport: resume, re-create by token, or open.
#include <utility>

#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr auto kUnavailableRetry = 1s;

}  // namespace

void Hub::Core::establish(Now now, client::Hello hello, const ClientInfo& client,
                          OnEstablished done) {
  ++counters_.received.at(0);
  if (draining_) return done(now, std::unexpected(make_error(ErrorCode::Unavailable)));
  if (auto error = refuse_request(now, client))
    return done(now, std::unexpected(*std::move(error)));
  if (!hello.resume) return pay_to_enter(now, std::move(hello), client.address, std::move(done));
  // Not charged as an open: the session has paid, and after a deploy everybody comes at once.
  const ResumeRequest request{hello.resume->session, hello.resume->epoch, hello.resume->after};
  state_.resume(now, request,
                [this, hello = std::move(hello), address = client.address, done = std::move(done)](
                    Now then, std::expected<SessionInfo, StateError> resumed) mutable {
                  if (resumed) {
                    done(then, Established{*std::move(resumed), Established::How::Resumed});
                  } else if (resumed.error() == StateError::Unavailable) {
                    done(then, std::unexpected(make_error(ErrorCode::Unavailable)));
                  } else {
                    pay_to_enter(then, std::move(hello), address, std::move(done));
                  }
                });
}

void Hub::Core::pay_to_enter(Now now, client::Hello hello, const IpAddress& address,
                             OnEstablished done) {
  charge(now, Limited::Open, charges_of(Limited::Open, 1, rate_of(Limited::Open), {address, {}}),
         [this, hello = std::move(hello), done = std::move(done)](
             Now then, std::optional<server::Error> error) mutable {
           if (error) return done(then, std::unexpected(*std::move(error)));
           enter(then, hello, std::move(done));
         });
}

// After the address is charged, since to look at a signature costs more than to make one up.
void Hub::Core::enter(Now now, const client::Hello& hello, OnEstablished done) {
  auto entry = entry_of(now, hello);
  std::string user;
  if (entry && wants_tokens()) {
    const OpenRequest& request = entry->request;
    user = request.recreate ? request.recreate->user : request.user;
  }
  charge(now, Limited::Open, charges_of(Limited::Open, 1, rate_of(Limited::Open), {{}, user}),
         [this, entry = std::move(entry), done = std::move(done)](
             Now then, std::optional<server::Error> error) mutable {
           if (error) return done(then, std::unexpected(*std::move(error)));
           open(then, std::move(entry), std::move(done));
         });
}

void Hub::Core::open(Now now, std::expected<Entry, NoEntry> entry, OnEstablished done) {
  if (!entry) {
    const auto& [error, problem] = entry.error();
    if (problem) count_token_refused(*problem);
    return done(now, std::unexpected(error));
  }
  state_.open(now, std::move(entry->request),
              [how = entry->how, done = std::move(done)](
                  Now then, std::expected<SessionInfo, StateError> opened) mutable {
                if (opened) {
                  done(then, Established{*std::move(opened), how});
                } else {
                  done(then, std::unexpected(make_error(code_of(opened.error()))));
                }
              });
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

server::Error error_of(const DecodeError& error) {
  return {error.code, error.message, error.n, {}, {}};
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
