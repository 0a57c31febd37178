// Requests that are answered once: open, send, close.
#include <algorithm>
#include <utility>

#include "common/base/parse_number.hpp"
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

void Hub::Core::open_session(Now now, ConnectionId request, const ClientInfo& client,
                             std::string_view body) {
  requests_.insert(request);
  auto decoded = decode_client(body, config_.limits);
  auto* hello = decoded ? std::get_if<client::Hello>(&decoded->message) : nullptr;
  if (hello == nullptr) {
    const DecodeError error = decoded
                                  ? DecodeError{ErrorCode::BadMessage, "the body must be hello", {}}
                                  : decoded.error();
    return respond_error(request, http_status_of(error.code),
                         {error.code, error.message, {}, {}, {}});
  }
  establish(
      now, std::move(*hello), client,
      [this, request, client](Now then, std::expected<Established, server::Error> established) {
        if (!established) {
          const server::Error& error = established.error();
          return respond_error(request, http_status_of(error.code), error);
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
  if (const auto wait = messages_.refuse(now, client.address, session, events)) {
    return respond_error(request, 429, rate_limited(Limited::Message, *wait));
  }
  Post parts{{{std::string{session}}, post->epoch, post->ack, {}}, {}, client, {}, {}};
  for (const std::string& text : post->messages) {
    auto decoded = decode_client(text, config_.limits);
    if (!(decoded ? decoded->n : decoded.error().n)) {
      const std::string why = decoded ? "hello and ack do not go here" : decoded.error().message;
      return respond_error(request, 400, {ErrorCode::BadMessage, why, {}, {}, {}});
    }
    parts.messages.push_back(std::move(decoded));
  }
  if (!std::ranges::any_of(parts.messages, [this](const auto& each) {
        return each && needs_standing(each->message);
      })) {
    return charge_post(now, request, std::move(parts));
  }
  const ResumeRequest who{parts.submission.session, parts.submission.epoch, std::nullopt,
                          ResumeRequest::Purpose::LookUp};
  state_.resume(now, who,
                [this, request, parts = std::move(parts)](
                    Now then, std::expected<SessionInfo, StateError> info) mutable {
                  if (!info) return respond_error(request, info.error());
                  parts.vouched = vouched_of(info->standing);
                  parts.peer = std::move(info->standing.peer);
                  charge_post(then, request, std::move(parts));
                });
}

// This instance may not know the session: TURN credentials name the peer, and grants and the user
// come with the session.
bool Hub::Core::needs_standing(const ClientMessage& message) const {
  return std::holds_alternative<client::Ice>(message) ||
         (wants_tokens() && (std::holds_alternative<client::Join>(message) ||
                             std::holds_alternative<client::Match>(message) ||
                             std::holds_alternative<client::Watch>(message)));
}

void Hub::Core::charge_post(Now now, ConnectionId request, Post post) {
  std::vector<RateCharge> charges;
  std::optional<Limited> limited;
  for (const Limited what : {Limited::Join, Limited::Match}) {
    const auto events = std::ranges::count_if(post.messages, [what](const auto& each) {
      return each && limit_of(each->message) == what;
    });
    auto more = charges_of(what, static_cast<std::uint32_t>(events), rate_of(what),
                           {post.client.address, post.vouched.user});
    if (!more.empty()) limited = what;
    std::ranges::move(more, std::back_inserter(charges));
  }
  charge(now, limited.value_or(Limited::Join), std::move(charges),
         [this, request, post = std::move(post)](Now then,
                                                 std::optional<server::Error> error) mutable {
           if (error) return respond_error(request, http_status_of(error->code), *error);
           submit_post(then, request, std::move(post));
         });
}

void Hub::Core::submit_post(Now now, ConnectionId request, Post post) {
  std::size_t joins = 0;
  for (auto& decoded : post.messages) {
    if (decoded) {
      ++counters_.received.at(decoded->message.index());
      post.submission.operations.push_back(
          to_operation(now, *std::move(decoded), {post.peer, post.client, post.vouched}));
    } else {
      post.submission.operations.push_back(refusal(error_of(decoded.error())));
    }
    joins += is_join(post.submission.operations.back()) ? 1U : 0U;
  }
  state_.submit(now, std::move(post.submission),
                [this, request, joins](Now then, std::expected<Submitted, StateError> submitted) {
                  if (submitted) count(*submitted, joins);
                  on_posted(then, request, submitted);
                });
}

void Hub::Core::on_posted(Now /*now*/, ConnectionId request,
                          const std::expected<Submitted, StateError>& posted) {
  if (!posted) return respond_error(request, posted.error());
  if (!posted->expected) return respond(request, 202, encode_received(posted->received));
  server::Error error = make_error(ErrorCode::BadSequence);
  error.expected = posted->expected;
  respond_error(request, 409, error);
}

void Hub::Core::close_session(Now now, ConnectionId request, const UrlParameters& url) {
  requests_.insert(request);
  const auto epoch = parse_number<Epoch>(url.epoch.value_or(""));
  if (!epoch) {
    return respond_error(request, 400,
                         {ErrorCode::BadMessage, "'epoch' must be a number", {}, {}, {}});
  }
  state_.close(now, {std::string{url.session}}, *epoch,
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
