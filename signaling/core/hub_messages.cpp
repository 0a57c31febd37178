// What clients say, as operations for the state engine; refusals as messages to the sender.
#include <algorithm>
#include <utility>

#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {

struct Hub::Core::ToOperation {
  Core& hub;
  Now now;
  std::optional<SendNo> n;
  const PeerId& peer;
  const ClientInfo& client;

  NumberedOperation operator()(client::Join&& join) const {
    const std::uint32_t largest = hub.config_.limits.room_capacity;
    if (join.capacity.value_or(1) > largest) {
      return hub.refusal(
          DecodeError{ErrorCode::BadMessage, "'capacity' is above limits.room_capacity", n});
    }
    const auto capacity = join.capacity.value_or(std::min(hub.config_.default_capacity, largest));
    return {n, operation::Join{std::move(join.room), std::move(join.name), capacity}};
  }

  NumberedOperation operator()(client::Ice&& /*ice*/) const {
    return {n, hub.ice_answer(now, peer, client)};
  }

  // Handled before: they carry no number.
  NumberedOperation operator()(client::Hello&& /*hello*/) const { return misplaced(); }

  NumberedOperation operator()(client::Ack&& /*ack*/) const { return misplaced(); }

  template <class Message>
  NumberedOperation operator()(Message&& message) const {
    return {n, std::forward<Message>(message)};
  }

  [[nodiscard]] NumberedOperation misplaced() const {
    return hub.refusal(DecodeError{ErrorCode::BadMessage, "hello comes first and once", n});
  }
};

NumberedOperation Hub::Core::to_operation(Now now, ClientEnvelope envelope, const PeerId& peer,
                                          const ClientInfo& client) {
  return std::visit(ToOperation{*this, now, envelope.n, peer, client}, std::move(envelope.message));
}

NumberedOperation Hub::Core::refusal(const server::Error& error) {
  return {error.n, operation::Answer{error_text(error), operation::Answer::Ice::None}};
}

NumberedOperation Hub::Core::refusal(const DecodeError& error) {
  return refusal(server::Error{error.code, error.message, error.n, {}, {}});
}

operation::Answer Hub::Core::ice_answer(Now now, const PeerId& peer, const ClientInfo& client) {
  server::IceServers servers{ice_.ice_servers(now, peer, client.host)};
  ice_ttl_ = servers.ice.ttl;
  return {encode(ServerMessage{std::move(servers)}), operation::Answer::Ice::Fresh};
}

void Hub::Core::count(const Submitted& submitted) {
  counters_.duplicates += submitted.duplicates;
  counters_.stale_generation += submitted.stale;
  for (const ErrorCode code : submitted.refusals) {
    ++counters_.refused.at(static_cast<std::size_t>(code));
  }
}

std::string Hub::Core::error_text(const server::Error& error) {
  ++counters_.refused.at(static_cast<std::size_t>(error.code));
  if (error.code == ErrorCode::Unavailable) ++counters_.state_unavailable;
  return encode(ServerMessage{error});
}

}  // namespace icebreaker::signaling
