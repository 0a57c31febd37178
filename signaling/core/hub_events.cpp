// Receiving as an event stream (EventSource): a request whose answer never ends.
#include <utility>

#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {

void Hub::Core::events(Now now, ConnectionId request, ClientInfo client, const UrlParameters& url) {
  requests_.insert(request);
  const auto resume = receive_request(now, request, client, url);
  if (!resume) return;
  EventStream& stream = streams_[request];
  stream.client = std::move(client);
  stream.receiver.session = resume->session;
  stream.receiver.epoch = resume->epoch;
  stream.receiver.transport = Transport::Events;
  attach(now, request, {*resume, ReceiveMode::Stream},
         [this, request](Now then, std::expected<Attached, StateError> attached) {
           on_stream_attached(then, request, std::move(attached));
         });
}

void Hub::Core::on_stream_attached(Now now, ConnectionId request,
                                   std::expected<Attached, StateError> attached) {
  if (attached && draining_) {
    state_.detach(now, streams_.at(request).receiver.session, attached->receive);
    attached = std::unexpected(StateError::Unavailable);
  }
  if (!attached) {
    drop_stream(now, request);
    return respond_error(request, attached.error());
  }
  requests_.erase(request);
  out_.emit(effect::OpenStream{request});
  streams_.at(request).receiver.peer = attached->standing.peer;
  timers_.set({request, HubTimer::Kind::StreamPing}, now.mono + config_.ping);
  begin_receive(now, request, *std::move(attached));
}

void Hub::Core::ping_stream(Now now, ConnectionId request) {
  out_.emit(effect::StreamComment{request});
  timers_.set({request, HubTimer::Kind::StreamPing}, now.mono + config_.ping);
}

void Hub::Core::fail_stream(Now now, ConnectionId request, const server::Error& error) {
  // Without an id, so that EventSource comes back for what follows the last numbered message.
  out_.emit(effect::StreamEvent{request, std::nullopt, error_text(error)});
  end_stream(now, request);
}

void Hub::Core::end_stream(Now now, ConnectionId request) {
  out_.emit(effect::EndStream{request});
  drop_stream(now, request);
}

void Hub::Core::drop_stream(Now now, ConnectionId request) {
  const auto found = streams_.find(request);
  if (found == streams_.end()) return;
  const Receiver receiver = std::move(found->second.receiver);
  streams_.erase(found);
  cancel_timers(request);
  // Before it is open, attach finds the request gone and detaches.
  if (receiver.receive == ReceiveId{}) return;
  receivers_.erase({receiver.session, receiver.receive});
  state_.detach(now, receiver.session, receiver.receive);
}

}  // namespace icebreaker::signaling
