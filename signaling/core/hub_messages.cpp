// What clients say, as operations for the state engine; refusals as messages to the sender.
#include <algorithm>
#include <utility>

#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {

struct Hub::Core::ToOperation {
  Core& hub;
  Now now;
  std::optional<SendNo> n;
  const Speaker& speaker;

  NumberedOperation operator()(client::Join&& join) const {
    std::uint32_t largest = hub.config_.limits.room_capacity;
    if (join.capacity.value_or(1) > largest) {
      return hub.refusal(
          {ErrorCode::BadMessage, "'capacity' is above limits.room_capacity", n, {}, {}});
    }
    if (speaker.vouched.grants) {
      largest = std::min(largest, speaker.vouched.grants->capacity.value_or(largest));
    }
    const auto capacity = join.capacity.value_or(std::min(hub.config_.default_capacity, largest));
    return {n, operation::Join{std::move(join.room), std::move(join.name), capacity}};
  }

  NumberedOperation operator()(client::Ice&& /*ice*/) const {
    return {n, hub.ice_answer(now, speaker.peer, speaker.client)};
  }

  // Handled before: they carry no number.
  NumberedOperation operator()(client::Hello&& /*hello*/) const { return misplaced(); }

  NumberedOperation operator()(client::Ack&& /*ack*/) const { return misplaced(); }

  template <class Message>
  NumberedOperation operator()(Message&& message) const {
    return {n, std::forward<Message>(message)};
  }

  [[nodiscard]] NumberedOperation misplaced() const {
    return hub.refusal({ErrorCode::BadMessage, "hello comes first and once", n, {}, {}});
  }
};

NumberedOperation Hub::Core::to_operation(Now now, ClientEnvelope envelope,
                                          const Speaker& speaker) {
  const bool wants_to_join = std::holds_alternative<client::Join>(envelope.message);
  const auto why = forbidden(speaker.vouched, envelope.message);
  NumberedOperation operation =
      why ? refusal({ErrorCode::Forbidden, *why, envelope.n, {}, {}})
          : std::visit(ToOperation{*this, now, envelope.n, speaker}, std::move(envelope.message));
  const bool refused = std::holds_alternative<operation::Answer>(operation.operation);
  if (wants_to_join && refused) {
    count_join_refused(why ? ErrorCode::Forbidden : ErrorCode::BadMessage);
  }
  return operation;
}

NumberedOperation Hub::Core::refusal(const server::Error& error) {
  return {error.n, operation::Answer{error_text(error), operation::Answer::Ice::None}};
}

operation::Answer Hub::Core::ice_answer(Now now, const PeerId& peer, const ClientInfo& client) {
  server::IceServers servers{ice_.ice_servers(now, peer, client.host)};
  return {encode(ServerMessage{std::move(servers)}), operation::Answer::Ice::Fresh};
}

void Hub::Core::count(const Submitted& submitted) {
  counters_.duplicates += submitted.duplicates;
  counters_.stale_generation += submitted.stale;
  counters_.candidates_crowded_out += submitted.crowded_out;
  for (const ErrorCode code : submitted.refusals) {
    ++counters_.refused.at(static_cast<std::size_t>(code));
  }
  for (const ErrorCode code : submitted.refused_joins) count_join_refused(code);
}

void Hub::Core::count_join_refused(ErrorCode why) {
  ++counters_.joins_refused.at(static_cast<std::size_t>(why));
}

std::string Hub::Core::error_text(const server::Error& error) {
  ++counters_.refused.at(static_cast<std::size_t>(error.code));
  if (error.code == ErrorCode::Unavailable) ++counters_.state_unavailable;
  return encode(ServerMessage{error});
}

}  // namespace icebreaker::signaling
