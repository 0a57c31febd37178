#include "common/signaling_client/signaling_client.hpp"

#include <algorithm>
#include <utility>

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
namespace client = signaling::client;
namespace server = signaling::server;

constexpr auto kDefaultRetryAfter = 1s;
constexpr TimerKey kIceTimer{{}, Timer::Ice};

}  // namespace

SignalingClient::SignalingClient(ClientOptions options, RandomSource& random, ClientSink& out)
    : options_{std::move(options)},
      out_{out},
      connection_{options_.transports, {out, random, session_, timers_, *this}},
      pace_{session_, timers_, random} {}

void SignalingClient::start(Now now) {
  connection_.start(now);
}

SendResult SignalingClient::send(Now now, const signaling::ClientMessage& message) {
  if (state() == ClientState::Stopped) return SendResult::Stopped;
  if (session_.enqueue(message) == SessionState::Enqueued::TooLarge) return SendResult::TooLarge;
  wishes_.note_sent(message);
  if (std::holds_alternative<client::Leave>(message)) room_.clear();
  ++sent_;
  connection_.flush(now);
  return SendResult::Queued;
}

void SignalingClient::wake(Now now) {
  connection_.wake(now);
  if (state() == ClientState::Open && session_.pending() == 0) send(now, client::Ice{});
}

void SignalingClient::stop(Now now) {
  pace_.stop();
  connection_.stop(now);
}

void SignalingClient::on_event(Now now, const Event& event) {
  connection_.on_event(now, event);
}

void SignalingClient::on_deadline(Now now) {
  while (const auto due = timers_.pop_due(now.mono)) {
    if (due->timer == Timer::Pace) {
      pace_.on_timer(now);
      connection_.flush(now);
    } else if (*due == kIceTimer) {
      send(now, client::Ice{});
    } else {
      connection_.on_timer(now, *due);
    }
  }
}

std::optional<signaling::IceServerList> SignalingClient::ice_servers(Now now) const {
  if (!ice_expires_ || now.mono >= *ice_expires_) return std::nullopt;
  return ice_;
}

client::Hello SignalingClient::make_hello() const {
  client::Hello hello;
  hello.token = options_.token;
  hello.user = options_.user;
  hello.room = options_.room;
  hello.queue = options_.queue;
  wishes_.hint(hello);
  hello.resume = session_.resume_point();
  hello.resume_token = session_.resume_token();
  return hello;
}

void SignalingClient::on_welcome(Now now, const server::Welcome& welcome) {
  take_ice(now, welcome.ice);
}

void SignalingClient::on_anew(Now /*now*/, notice::Anew::Peer peer) {
  room_.clear();
  for (auto& message : wishes_.again(peer)) session_.enqueue(std::move(message));
  out_.notify(notice::Anew{peer});
}

void SignalingClient::on_message(Now now, signaling::ServerMessage message) {
  if (sends_again(now, message)) return;
  if (const auto answer = wishes_.note_received(message)) send(now, *answer);
  room_.on_message(message);
  if (const auto* joined = std::get_if<server::Joined>(&message)) {
    if (!joined->resume_token.empty()) session_.set_resume_token(joined->resume_token);
  } else if (const auto* matched = std::get_if<server::Matched>(&message)) {
    if (!matched->resume_token.empty()) session_.set_resume_token(matched->resume_token);
  } else if (const auto* fresh = std::get_if<server::IceServers>(&message)) {
    take_ice(now, fresh->ice);
  }
  out_.notify(notice::Received{std::move(message)});
}

void SignalingClient::on_stopped() {
  pace_.stop();
  timers_.erase(kIceTimer);
}

// A message over the server's rate was not looked at, so that the application need not hear of it.
bool SignalingClient::sends_again(Now now, const signaling::ServerMessage& message) {
  const auto* error = std::get_if<server::Error>(&message);
  const bool over_rate =
      error != nullptr && error->code == signaling::ErrorCode::RateLimited && error->n;
  if (!over_rate || !session_.retry(*error->n)) return false;
  ++throttled_;
  const auto retry_after = within_a_day(error->retry_after.value_or(kDefaultRetryAfter));
  pace_.on_refused(now, retry_after);
  out_.notify(notice::Throttled{retry_after});
  return true;
}

void SignalingClient::take_ice(Now now, const signaling::IceServerList& ice) {
  ice_ = ice;
  const auto ttl = std::min<std::chrono::seconds>(ice.ttl, 24h);
  ice_expires_ = now.mono + ttl;
  // The server sends a fresh list by itself at 75 %.
  timers_.set(kIceTimer, now.mono + ttl * 9 / 10);
  out_.notify(notice::IceServersChanged{ice});
}

}  // namespace icebreaker::signaling_client
