#include "signaling/core/hub.hpp"

#include <algorithm>
#include <utility>

#include "common/signaling/names.hpp"
#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

}  // namespace

std::string_view client_message_name(std::size_t index) {
  return kClientTypes.at(index);
}

Hub::Hub(HubConfig config, HubParts parts)
    : core_{std::make_unique<Core>(std::move(config), parts)} {
  parts.state.set_listener(*core_);
}

Hub::~Hub() = default;

void Hub::on_ws_open(Now now, ConnectionId connection, ClientInfo client) {
  core_->on_ws_open(now, connection, std::move(client));
}

void Hub::on_ws_message(Now now, ConnectionId connection, std::string_view text) {
  core_->on_ws_message(now, connection, text);
}

void Hub::on_ws_too_large(Now now, ConnectionId connection) {
  core_->on_ws_too_large(now, connection);
}

void Hub::on_ws_closed(Now now, ConnectionId connection) {
  core_->on_ws_closed(now, connection);
}

void Hub::open_session(Now now, ConnectionId request, const ClientInfo& client,
                       std::string_view body) {
  core_->open_session(now, request, client, body);
}

void Hub::poll(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url) {
  core_->poll(now, request, std::move(client), url);
}

void Hub::events(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url) {
  core_->events(now, request, std::move(client), url);
}

void Hub::post(Now now, ConnectionId request, const ClientInfo& client, std::string_view session,
               std::string_view body) {
  core_->post(now, request, client, session, body);
}

void Hub::close_session(Now now, ConnectionId request, const ClientInfo& client,
                        const UrlParameters& url) {
  core_->close_session(now, request, client, url);
}

void Hub::on_request_gone(Now now, ConnectionId request) {
  core_->on_request_gone(now, request);
}

void Hub::drain(Now now, std::chrono::milliseconds within) {
  core_->drain(now, within);
}

void Hub::on_deadline(Now now) {
  core_->on_deadline(now);
}

std::optional<MonoTime> Hub::next_deadline() const {
  return core_->next_deadline();
}

void Hub::reconfigure(HubConfig config) {
  core_->reconfigure(std::move(config));
}

const HubCounters& Hub::counters() const {
  return core_->counters();
}

std::size_t Hub::receives(Transport transport) const {
  return core_->receives(transport);
}

Hub::Core::Core(HubConfig config, const HubParts& parts)
    : config_{std::move(config)},
      state_{parts.state},
      ice_{parts.ice},
      verifier_{parts.tokens},
      random_{parts.random},
      out_{parts.out},
      tokens_{config_.token_secrets, config_.token_lifetime},
      messages_{message_rates()} {}

void Hub::Core::reconfigure(HubConfig config) {
  config_ = std::move(config);
  tokens_ = TokenCodec{config_.token_secrets, config_.token_lifetime};
  messages_.set_rates(message_rates());
}

void Hub::Core::drain(Now now, std::chrono::milliseconds within) {
  draining_ = true;
  std::vector<ConnectionId> held;
  for (const auto& [request, poll] : polls_) {
    if (poll.receiver.receive != ReceiveId{}) held.push_back(request);
  }
  for (const ConnectionId request : held) end_hold(now, request);

  const auto span = static_cast<std::uint32_t>(std::max<std::int64_t>(within.count(), 1));
  const auto end_soon = [&](ConnectionId connection) {
    const std::chrono::milliseconds after{random_.below(span)};
    timers_.set({connection, HubTimer::Kind::Goaway}, now.mono + after);
    return encode(ServerMessage{server::Goaway{after}});
  };
  for (const auto& [connection, ws] : sockets_) {
    std::string goaway = end_soon(connection);
    if (ws.stage == WebSocket::Stage::Open) {
      out_.emit(effect::Send{connection, std::move(goaway)});
    }
  }
  for (const auto& [connection, stream] : streams_) {
    if (!stream.is_open()) continue;
    out_.emit(effect::StreamEvent{connection, std::nullopt, end_soon(connection)});
  }
}

void Hub::Core::on_deadline(Now now) {
  while (const auto due = timers_.pop_due(now.mono)) on_timer(now, *due);
  messages_.forget_idle(now.mono);
  state_.on_deadline(now);
}

void Hub::Core::on_timer(Now now, const HubTimer& timer) {
  const ConnectionId connection = timer.connection;
  switch (timer.kind) {
    case HubTimer::Kind::Hello:
      return fail_ws(now, connection, {ErrorCode::BadMessage, "no hello in time", {}, {}, {}});
    case HubTimer::Kind::SendAck:
      if (const auto ws = sockets_.find(connection); ws != sockets_.end()) {
        send_ack(connection, ws->second);
      }
      return;
    case HubTimer::Kind::HoldEnd:
      return end_hold(now, connection);
    case HubTimer::Kind::IceRefresh:
      return refresh_ice(now, connection);
    case HubTimer::Kind::StreamPing:
      return ping_stream(now, connection);
    case HubTimer::Kind::Goaway:
      if (streams_.contains(connection)) return end_stream(now, connection);
      return close_ws(now, connection, CloseCode::Goaway, "goaway");
  }
}

std::optional<MonoTime> Hub::Core::next_deadline() const {
  const auto own = timers_.next();
  const auto engine = state_.next_deadline();
  if (!own || !engine) return own ? own : engine;
  return std::min(*own, *engine);
}

std::size_t Hub::Core::receives(Transport transport) const {
  switch (transport) {
    case Transport::WebSocket:
      return open_sockets_;
    case Transport::Poll:
      return polls_.size();
    case Transport::Events:
      return streams_.size();
  }
  return 0;
}

void Hub::Core::cancel_timers(ConnectionId connection) {
  using enum HubTimer::Kind;
  for (const auto kind : {Hello, SendAck, HoldEnd, IceRefresh, StreamPing, Goaway}) {
    timers_.erase({connection, kind});
  }
}

}  // namespace icebreaker::signaling
