#include "signaling/server/signal_metrics.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "signaling/server/redis_metrics.hpp"

namespace icebreaker::signaling {

namespace {

using service::MetricFamilies;
using service::MetricFamily;
using service::MetricType;

constexpr std::array<std::string_view, kTransportCount> kTransports{"websocket", "poll", "events"};

std::string full_name(std::string_view name) {
  return "icebreaker_signal_" + std::string{name};
}

void add_single(MetricFamilies& out, std::string_view name, std::string_view help,
                std::uint64_t value, MetricType type = MetricType::Counter) {
  out.push_back({.name = full_name(name),
                 .help = std::string{help},
                 .type = type,
                 .samples = {{.labels = {}, .value = static_cast<double>(value), .buckets = {}}}});
}

template <class Values, class NameOf>
void add_labelled(MetricFamilies& out, MetricFamily family, std::string_view label,
                  const Values& values, NameOf name_of_index) {
  family.name = full_name(family.name);
  for (std::size_t i = 0; i < values.size(); ++i) {
    family.samples.push_back(
        {.labels = {{.name = std::string{label}, .value = std::string{name_of_index(i)}}},
         .value = static_cast<double>(values.at(i)),
         .buckets = {}});
  }
  out.push_back(std::move(family));
}

template <class Histogram>
void add_histogram(MetricFamilies& out, std::string_view name, std::string_view help,
                   const Histogram& histogram) {
  out.push_back({.name = full_name(name),
                 .help = std::string{help},
                 .type = MetricType::Histogram,
                 .samples = {service::histogram_sample({}, histogram)}});
}

MetricFamily counter(std::string_view name, std::string_view help) {
  return {.name = std::string{name},
          .help = std::string{help},
          .type = MetricType::Counter,
          .samples = {}};
}

void add_responses(MetricFamilies& out, const FrontCounters& front) {
  MetricFamily family = counter("http_responses_total", "HTTP responses by route and status.");
  family.name = full_name(family.name);
  for (std::size_t route = 0; route < kRouteCount; ++route) {
    const auto& row = front.responses.at(route);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row.at(i) == 0) continue;
      const std::string status = i < FrontCounters::kStatuses.size()
                                     ? std::to_string(FrontCounters::kStatuses.at(i))
                                     : "other";
      const std::string_view route_name = name_of(static_cast<Route>(route));
      family.samples.push_back({.labels = {{.name = "route", .value = std::string{route_name}},
                                           {.name = "status", .value = status}},
                                .value = static_cast<double>(row.at(i)),
                                .buckets = {}});
    }
  }
  out.push_back(std::move(family));
}

void add_join_refusals(MetricFamilies& out, const HubCounters& hub) {
  using enum ErrorCode;
  constexpr std::array kReasons{RoomFull, AlreadyJoined, Forbidden, RateLimited, BadMessage};
  std::array<std::uint64_t, kReasons.size()> values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values.at(i) = hub.joins_refused.at(static_cast<std::size_t>(kReasons.at(i)));
  }
  add_labelled(out,
               counter("joins_refused_total", "Joins refused; what cannot be decoded is no join."),
               "reason", values, [kReasons](std::size_t i) { return name_of(kReasons.at(i)); });
}

void add_hub(MetricFamilies& out, const HubCounters& hub) {
  const auto transport = [](std::size_t i) { return kTransports.at(i); };
  add_labelled(out, counter("messages_received_total", "Client messages by type."), "type",
               hub.received, client_message_name);
  add_labelled(out, counter("errors_total", "Refusals told to clients, by code."), "code",
               hub.refused, [](std::size_t i) { return name_of(static_cast<ErrorCode>(i)); });
  add_labelled(out, counter("sessions_opened_total", "New sessions by transport."), "transport",
               hub.opened, transport);
  add_labelled(out, counter("sessions_resumed_total", "Resumed sessions by transport."),
               "transport", hub.resumed, transport);
  add_single(out, "sessions_recreated_total", "Sessions made again from a resume token.",
             hub.recreated);
  add_single(out, "messages_delivered_total", "Numbered messages handed to a transport.",
             hub.delivered);
  add_single(out, "messages_replayed_total", "Of those, handed over once before.", hub.replayed);
  add_single(out, "messages_duplicate_total", "Client messages that came twice.", hub.duplicates);
  add_single(out, "signals_stale_total", "Signals dropped for an older negotiation.",
             hub.stale_generation);
  add_single(out, "candidates_crowded_out_total",
             "Held candidates dropped for newer ones of the same peers.",
             hub.candidates_crowded_out);
  add_labelled(out, counter("receives_superseded_total", "Receives ended by a newer one."),
               "transport", hub.superseded, transport);
  add_histogram(out, "poll_hold_seconds", "How long polls were held.", hub.poll_hold);
  add_histogram(out, "wake_delivery_seconds", "From waking a receive to handing its message over.",
                hub.wake_delivery);
  add_histogram(out, "mailbox_messages", "Unacknowledged messages when a receive opens.",
                hub.mailbox_depth);
  add_single(out, "ice_refreshes_total", "ICE server lists sent unasked.", hub.ice_refreshes);
  add_labelled(out, counter("rate_limited_total", "Requests and messages over a rate."), "what",
               hub.rate_limited, [](std::size_t i) { return kLimited.at(i); });
  add_labelled(out, counter("tokens_refused_total", "Sessions not opened for their token."),
               "reason", hub.tokens_refused, [](std::size_t i) { return kTokenProblems.at(i); });
  add_join_refusals(out, hub);
  add_single(out, "state_unavailable_total", "Calls that the state engine could not answer.",
             hub.state_unavailable);
}

void add_web(MetricFamilies& out, const WebCounters& web) {
  add_single(out, "connections_total", "TCP connections accepted.", web.connections);
  add_single(out, "connections_excess_total", "Of those, refused above limits.connections.",
             web.excess);
  add_single(out, "http_requests_total", "HTTP requests read.", web.requests);
  add_single(out, "event_streams_total", "Event streams opened.", web.streams);
  add_single(out, "websockets_total", "WebSocket connections opened.", web.sockets);
  add_single(out, "slow_readers_total", "Connections closed for reading too slowly.",
             web.slow_readers);
  add_single(out, "websocket_pongs_total", "Answers to our pings.", web.pongs);
  add_single(out, "websockets_silent_total", "WebSocket connections closed for their silence.",
             web.silent);
  add_single(out, "accept_failures_total", "Connections that could not be accepted.",
             web.accept_failures);
}

}  // namespace

void SignalMetrics::publish(const SignalNumbers& numbers) {
  const std::lock_guard lock{mutex_};
  numbers_ = numbers;
}

MetricFamilies SignalMetrics::collect() const {
  SignalNumbers numbers;
  {
    const std::lock_guard lock{mutex_};
    numbers = numbers_;
  }
  MetricFamilies out = service::process_metrics();
  add_hub(out, numbers.hub);
  add_web(out, numbers.web);
  add_responses(out, numbers.front);
  if (numbers.redis) add_redis_metrics(out, *numbers.redis);
  MetricFamily receives{.name = "receives",
                        .help = "WebSocket sessions, held polls and event streams open now.",
                        .type = MetricType::Gauge,
                        .samples = {}};
  add_labelled(out, std::move(receives), "transport", numbers.receives,
               [](std::size_t i) { return kTransports.at(i); });
  add_single(out, "open_connections", "Requests and WebSocket connections open now.",
             numbers.open_connections, MetricType::Gauge);
  add_single(out, "tcp_connections", "TCP connections open now.", numbers.tcp_connections,
             MetricType::Gauge);
  add_single(out, "loop_turns_total", "Turns of the event loop; it spins when they race.",
             numbers.loop_turns);
  return out;
}

}  // namespace icebreaker::signaling
