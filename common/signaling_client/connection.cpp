#include "common/signaling_client/connection.hpp"

#include <algorithm>
#include <utility>

#include "common/base/check.hpp"
#include "common/signaling_client/http_transport.hpp"
#include "common/signaling_client/websocket_transport.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
namespace server = signaling::server;
using signaling::ErrorCode;

constexpr auto kSteady = 10s;
constexpr TimerKey kReconnect{{}, Timer::Reconnect};

}  // namespace

Connection::Connection(TransportChoice choice, const Surroundings& surroundings)
    : out_{surroundings.out},
      random_{surroundings.random},
      session_{surroundings.session},
      timers_{surroundings.timers},
      listener_{surroundings.listener},
      context_{out_, timers_, session_, *this, streams_, last_id_},
      choice_{choice},
      upgrade_{timers_, random_} {
  ICEBREAKER_CHECK(choice.any());
}

std::optional<TransportKind> Connection::transport() const {
  if (state_ != ClientState::Open || transport_ == nullptr) return std::nullopt;
  return transport_->kind();
}

void Connection::start(Now now) {
  if (state_ == ClientState::Idle) connect(now);
}

void Connection::flush(Now now) {
  if (transport_ != nullptr) transport_->flush(now);
}

void Connection::wake(Now now) {
  streams_.forget();
  if (state_ == ClientState::Open) {
    if (transport_ != nullptr) transport_->recheck(now);
    if (upgrade_.wants_try_at_wake(now)) try_upgrade(now);
  } else if (state_ == ClientState::Reconnecting && !race_ && !is_unwelcome(now)) {
    connect(now);
  }
}

void Connection::use(Now now, const TransportChoice& choice) {
  ICEBREAKER_CHECK(choice.any());
  choice_ = choice;
  streams_.forget();
  if (state_ == ClientState::Idle || state_ == ClientState::Stopped || is_unwelcome(now)) return;
  const bool settled = transport() == choice.best() && !upgrade_race_;
  if (settled && !choice.web_socket) upgrade_.cancel();
  if (!settled) connect(now);
}

bool Connection::is_unwelcome(Now now) const {
  return state_ == ClientState::Reconnecting && !race_ && now.mono < welcome_from_;
}

void Connection::stop(Now now) {
  if (state_ == ClientState::Stopped) return;
  // The end still needs its transport, which drop() would close.
  Transport* const transport = std::exchange(transport_, nullptr);
  drop();
  if (transport == nullptr) {
    end_session(context_);
  } else {
    if (transport->kind() == TransportKind::WebSocket) session_.enqueue(signaling::client::Bye{});
    transport->end(now);
  }
  set_state(ClientState::Stopped);
}

void Connection::on_event(Now now, const Event& event) {
  forget_closed_transports();
  // An index: a transport may make others.
  for (std::size_t i = 0; i < transports_.size(); ++i) transports_[i]->on_event(now, event);
}

void Connection::on_timer(Now now, const TimerKey& key) {
  forget_closed_transports();
  if (key == kReconnect) return connect(now);
  if (key.timer == Timer::Upgrade) return try_upgrade(now);
  for (auto* race : {&race_, &upgrade_race_}) {
    if (*race && (*race)->id() == key.owner) {
      return follow(now, *race, (*race)->on_timer(now, key.timer));
    }
  }
  const auto owner = std::ranges::find(transports_, key.owner, &Transport::id);
  if (owner != transports_.end()) (*owner)->on_timer(now, key.timer);
}

void Connection::connect(Now now) {
  drop();
  set_state(session_.session().value.empty() ? ClientState::Connecting : ClientState::Reconnecting);
  std::vector<Transport*> runners;
  if (choice_.web_socket && !(choice_.http() && upgrade_.distrusts_web_socket())) {
    runners.push_back(make<WebSocketTransport>());
  }
  if (choice_.http()) runners.push_back(make_http());
  race_.emplace(context_, std::move(runners));
  race_->start(now);
}

// HTTP goes on while a WebSocket is tried.
void Connection::try_upgrade(Now now) {
  upgrade_.on_try(now);
  upgrade_race_.emplace(context_, std::vector<Transport*>{make<WebSocketTransport>()});
  upgrade_race_->start(now);
}

template <class T, class... Rest>
Transport* Connection::make(Rest... rest) {
  transports_.push_back(std::make_unique<T>(context_, rest...));
  return transports_.back().get();
}

Transport* Connection::make_http() {
  using Receive = HttpTransport::Receive;
  if (choice_.event_stream && choice_.long_poll) return make<HttpTransport>(Receive::Either);
  return make<HttpTransport>(choice_.event_stream ? Receive::StreamOnly : Receive::PollOnly);
}

void Connection::on_open(Now now, Transport& transport) {
  for (auto* race : {&race_, &upgrade_race_}) {
    if (!*race || !(*race)->opened(now, transport)) continue;
    if (transport_ != nullptr) transport_->rest();
    transport.hello(now, listener_.make_hello());
  }
}

void Connection::on_welcome(Now now, Transport& transport, const server::Welcome& welcome) {
  for (auto* race : {&race_, &upgrade_race_}) {
    if (!*race) continue;
    (*race)->won(transport);
    race->reset();
  }
  parked_.reset();
  // What a goaway of the transport before had put off is done.
  timers_.erase(kReconnect);
  if (transport_ != nullptr) transport_->close();
  transport_ = &transport;
  welcomed_at_ = now.mono;
  const bool same_peer = session_.peer() == welcome.peer;
  const auto how = session_.apply(welcome);
  if (how == SessionState::Welcomed::Resumed) ++counters_.resumed;
  if (how == SessionState::Welcomed::Anew) {
    anew(now, same_peer ? notice::Anew::Peer::Same : notice::Anew::Peer::Another);
  }
  if (transport.kind() == TransportKind::WebSocket) {
    upgrade_.on_success();
  } else if (choice_.web_socket) {
    upgrade_.schedule(now);
  }
  set_state(ClientState::Open);
  listener_.on_welcome(now, welcome);
}

void Connection::on_message(Now now, Transport& transport, signaling::ServerEnvelope envelope) {
  if (&transport != transport_) return;
  if (!envelope.seq) return on_unnumbered(now, envelope.message);
  if (receive(now, transport, *envelope.seq) == Take::No) return;
  ++counters_.received;
  verdict_.on_message();
  listener_.on_message(now, std::move(envelope.message));
}

void Connection::on_unknown(Now now, Transport& transport, signaling::Seq seq) {
  if (&transport == transport_) receive(now, transport, seq);
}

Connection::Take Connection::receive(Now now, Transport& transport, signaling::Seq seq) {
  const auto arrival = session_.receive(seq);
  if (arrival == SessionState::Arrival::Gap) {
    ++counters_.gaps;
    transport.close();
    on_lost(now, {.text = "the server skipped a message"});
    return Take::No;
  }
  transport.delivered(now);
  if (arrival == SessionState::Arrival::New) return Take::Yes;
  ++counters_.duplicates;
  return Take::No;
}

void Connection::on_unnumbered(Now now, const signaling::ServerMessage& message) {
  if (const auto* goaway = std::get_if<server::Goaway>(&message)) {
    // Leaving before the instance does spares the peer an "away".
    const auto wait = static_cast<double>(within_a_day(goaway->after).count()) * fraction(random_);
    timers_.set(kReconnect, now.mono + std::chrono::milliseconds{static_cast<std::int64_t>(wait)});
  } else if (const auto* error = std::get_if<server::Error>(&message)) {
    if (error->code != ErrorCode::BadSequence) return;
    if (session_.rewind_to(error->expected.value_or(0)) == SessionState::Rewound::Yes) {
      return flush(now);
    }
    on_lost(now, {.reason = CloseReason::SessionLost, .text = "the server forgot messages"});
  }
}

void Connection::on_renamed(Now /*now*/, Transport& transport) {
  if (&transport == transport_) set_state(ClientState::Open);
}

void Connection::on_closed(Now now, Transport& transport, const Closure& closure) {
  if (&transport == transport_) return on_lost(now, closure);
  for (auto* race : {&race_, &upgrade_race_}) {
    if (*race && (*race)->holds(transport)) {
      return follow(now, *race, (*race)->lost(now, transport, closure));
    }
  }
}

void Connection::follow(Now now, std::optional<TransportRace>& race,
                        const TransportRace::Next& next) {
  if (next.speaker != nullptr) next.speaker->hello(now, listener_.make_hello());
  if (!next.failure) return;
  race.reset();
  if (&race == &upgrade_race_) return on_upgrade_failed(now);
  on_hello_failed(now, *next.failure);
}

// The running transport broke.
void Connection::on_lost(Now now, const Closure& closure) {
  // The server may know of the new WebSocket already, and so have ended the other for it.
  if (upgrade_race_ && upgrade_race_->spoke()) {
    transport_ = nullptr;
    parked_ = closure;
    return;
  }
  const bool steady = now.mono - welcomed_at_ > kSteady;
  if (steady) failures_ = 0;
  const bool web_socket = transport_ != nullptr && transport_->kind() == TransportKind::WebSocket;
  if (web_socket && closure.reason == CloseReason::Network) {
    using Life = TransportUpgrade::SocketLife;
    upgrade_.on_socket_ended(steady ? Life::Steady : Life::Short);
  }
  drop();
  if (closure.reason == CloseReason::SessionLost) session_.abandon();
  if (closure.reason == CloseReason::TooLarge) session_.drop_largest();
  retry(now, closure);
}

void Connection::on_upgrade_failed(Now now) {
  if (!parked_) {
    if (transport_ != nullptr) transport_->wake(now);
    return upgrade_.schedule(now);
  }
  Closure closure = *std::exchange(parked_, std::nullopt);
  // It was our own hello that ended the receive over HTTP.
  if (closure.reason == CloseReason::Superseded)
    closure = {.text = "the WebSocket is not answered"};
  on_lost(now, closure);
}

// No transport got a welcome.
void Connection::on_hello_failed(Now now, Closure closure) {
  const bool proof = !session_.resume_token().empty() || !session_.session().value.empty();
  const bool refused =
      closure.reason == CloseReason::SessionLost || closure.code == ErrorCode::Unauthorized;
  if (proof && refused) {
    session_.forget();
    anew(now, notice::Anew::Peer::Another);
    closure.reason = CloseReason::SessionLost;
  }
  retry(now, closure);
}

void Connection::retry(Now now, const Closure& closure) {
  if (auto why = verdict_.on_closure(now, closure)) {
    set_state(ClientState::Stopped);
    out_.notify(notice::Stopped{*std::move(why)});
    return;
  }
  const auto wait = backoff(failures_, fraction(random_));
  ++failures_;
  const auto asked = within_a_day(closure.retry_after.value_or(0ms));
  welcome_from_ = now.mono + asked;
  set_state(ClientState::Reconnecting);
  timers_.set(kReconnect, now.mono + std::max(wait, asked));
}

void Connection::anew(Now now, notice::Anew::Peer peer) {
  ++counters_.anew;
  listener_.on_anew(now, peer);
}

void Connection::drop() {
  timers_.erase(kReconnect);
  upgrade_.cancel();
  for (auto* race : {&race_, &upgrade_race_}) {
    if (*race) (*race)->cancel();
    race->reset();
  }
  parked_.reset();
  if (transport_ != nullptr) transport_->close();
  transport_ = nullptr;
}

void Connection::forget_closed_transports() {
  std::erase_if(transports_, [](const auto& transport) { return transport->closed(); });
}

void Connection::set_state(ClientState state) {
  state_ = state;
  if (state == ClientState::Stopped) listener_.on_stopped();
  out_.notify(notice::StateChanged{state, transport(), failures_});
}

}  // namespace icebreaker::signaling_client
