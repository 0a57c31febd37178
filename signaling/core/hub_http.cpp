// Requests that are answered once: open, send, close.
#include <algorithm>
#include <charconv>
#include <utility>

#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {

std::uint16_t http_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::Unauthorized:
      return 401;
    case ErrorCode::Forbidden:
    case ErrorCode::OriginRefused:
      return 403;
    case ErrorCode::BadSequence:
    case ErrorCode::Superseded:
      return 409;
    case ErrorCode::SessionLost:
      return 410;
    case ErrorCode::TooLarge:
      return 413;
    case ErrorCode::RateLimited:
      return 429;
    case ErrorCode::Unavailable:
      return 503;
    default:
      return 400;
  }
}

void Hub::Core::open_session(Now now, ConnectionId request, ClientInfo client,
                             std::string_view body) {
  requests_.insert(request);
  if (const auto error = refuse_open(now, client)) {
    return respond_error(request, http_status_of(error->code), *error);
  }
  auto decoded = decode_client(body, config_.limits);
  auto* hello = decoded ? std::get_if<client::Hello>(&decoded->message) : nullptr;
  if (hello == nullptr) {
    const DecodeError error = decoded
                                  ? DecodeError{ErrorCode::BadMessage, "the body must be hello", {}}
                                  : decoded.error();
    return respond_error(request, http_status_of(error.code),
                         {error.code, error.message, {}, {}, {}});
  }
  establish(now, std::move(*hello),
            [this, request, client = std::move(client)](
                Now then, std::expected<Established, ErrorCode> established) {
              if (!established) {
                return respond_error(request, http_status_of(established.error()),
                                     make_error(established.error()));
              }
              constexpr auto kTransport = static_cast<std::size_t>(Transport::Poll);
              const bool resumed = established->how == Established::How::Resumed;
              ++(resumed ? counters_.resumed : counters_.opened).at(kTransport);
              respond(request, resumed ? 200 : 201, welcome_of(then, *established, client));
            });
}

void Hub::Core::post(Now now, ConnectionId request, const ClientInfo& client,
                     std::string_view session, std::string_view body) {
  requests_.insert(request);
  auto post = decode_post(body, config_.limits);
  if (!post) {
    const DecodeError& error = post.error();
    return respond_error(request, http_status_of(error.code),
                         {error.code, error.message, {}, {}, {}});
  }
  const auto events = static_cast<std::uint32_t>(std::max<std::size_t>(post->messages.size(), 1));
  if (const auto retry_after = messages_.refuse(now, client.address, events)) {
    ++counters_.rate_limited;
    server::Error error = make_error(ErrorCode::RateLimited);
    error.retry_after = retry_after;
    return respond_error(request, 429, error);
  }

  Post parts{{{std::string{session}}, post->epoch, post->ack, {}}, {}, client};
  bool needs_peer = false;
  for (const std::string& text : post->messages) {
    auto decoded = decode_client(text, config_.limits);
    if (!(decoded ? decoded->n : decoded.error().n)) {
      const std::string why = decoded ? "hello and ack do not go here" : decoded.error().message;
      return respond_error(request, 400, {ErrorCode::BadMessage, why, {}, {}, {}});
    }
    needs_peer = needs_peer || (decoded && std::holds_alternative<client::Ice>(decoded->message));
    parts.messages.push_back(std::move(decoded));
  }
  if (!needs_peer) return submit_post(now, request, std::move(parts), PeerId{});
  // TURN credentials name the peer, which this instance may not know.
  const ResumeRequest who{parts.submission.session, parts.submission.epoch, std::nullopt};
  state_.resume(now, who,
                [this, request, parts = std::move(parts)](
                    Now then, std::expected<SessionInfo, StateError> info) mutable {
                  if (!info) return respond_error(request, info.error());
                  submit_post(then, request, std::move(parts), info->standing.peer);
                });
}

void Hub::Core::submit_post(Now now, ConnectionId request, Post post, const PeerId& peer) {
  for (auto& decoded : post.messages) {
    if (decoded) {
      ++counters_.received.at(decoded->message.index());
      post.submission.operations.push_back(
          to_operation(now, *std::move(decoded), peer, post.client));
    } else {
      post.submission.operations.push_back(refusal(decoded.error()));
    }
  }
  state_.submit(now, std::move(post.submission),
                [this, request](Now then, std::expected<Submitted, StateError> submitted) {
                  on_posted(then, request, submitted);
                });
}

void Hub::Core::on_posted(Now /*now*/, ConnectionId request,
                          const std::expected<Submitted, StateError>& posted) {
  if (!posted) return respond_error(request, posted.error());
  count(*posted);
  if (!posted->expected) return respond(request, 202, encode_received(posted->received));
  server::Error error = make_error(ErrorCode::BadSequence);
  error.expected = posted->expected;
  respond_error(request, 409, error);
}

void Hub::Core::close_session(Now now, ConnectionId request, const UrlParameters& url) {
  requests_.insert(request);
  const std::string_view text = url.epoch.value_or("");
  Epoch epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return respond_error(request, 400,
                         {ErrorCode::BadMessage, "'epoch' must be a number", {}, {}, {}});
  }
  state_.close(now, {std::string{url.session}}, epoch,
               [this, request](Now /*then*/, std::expected<Submitted, StateError> closed) {
                 if (!closed) return respond_error(request, closed.error());
                 respond(request, 204, {});
               });
}

void Hub::Core::respond(ConnectionId request, std::uint16_t status, std::string body,
                        std::optional<std::chrono::seconds> retry_after) {
  if (requests_.erase(request) == 0) return;
  out_.emit(effect::Respond{request, status, std::move(body), retry_after});
}

void Hub::Core::respond_error(ConnectionId request, std::uint16_t status,
                              const server::Error& error) {
  std::optional<std::chrono::seconds> retry_after;
  if (error.retry_after) retry_after = std::chrono::ceil<std::chrono::seconds>(*error.retry_after);
  respond(request, status, error_text(error), retry_after);
}

void Hub::Core::respond_error(ConnectionId request, StateError error) {
  const server::Error told = make_error(code_of(error));
  const bool unknown = error == StateError::UnknownSession;
  respond_error(request, unknown ? std::uint16_t{404} : http_status_of(told.code), told);
}

}  // namespace icebreaker::signaling
