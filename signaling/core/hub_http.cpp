// Requests that are answered once: open, send, close.
#include <algorithm>
#include <utility>

#include "common/base/parse_number.hpp"
#include "signaling/core/hub_core.hpp"

namespace icebreaker::signaling {
namespace {

// A POST without messages costs as much as one message.
std::uint32_t events_of(std::size_t messages) {
  return static_cast<std::uint32_t>(std::max<std::size_t>(messages, 1));
}

}  // namespace

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
  const bool has_user = wants_tokens() && !post->messages.empty();
  MessageSource source{client.address, {}};
  if (!has_user) source.sender = sender_of(nullptr, session);
  if (const auto wait = messages_.refuse(now, source, events_of(post->messages.size()))) {
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
  // This instance may not know the session: TURN credentials name the peer, and grants and the user
  // come with the session.
  const bool asks_for_ice = std::ranges::any_of(parts.messages, [](const auto& each) {
    return each && std::holds_alternative<client::Ice>(each->message);
  });
  if (has_user || asks_for_ice) return look_up_poster(now, request, std::move(parts));
  charge_post(now, request, std::move(parts));
}

void Hub::Core::look_up_poster(Now now, ConnectionId request, Post parts) {
  const ResumeRequest who{parts.submission.session, parts.submission.epoch, std::nullopt,
                          ResumeRequest::Purpose::LookUp};
  state_.resume(now, who,
                [this, request, parts = std::move(parts)](
                    Now then, std::expected<SessionInfo, StateError> info) mutable {
                  if (!info) return respond_error(request, info.error());
                  parts.vouched = vouched_of(info->standing);
                  parts.peer = std::move(info->standing.peer);
                  if (wants_tokens() && !pays_as_sender(then, request, parts)) return;
                  charge_post(then, request, std::move(parts));
                });
}

bool Hub::Core::pays_as_sender(Now now, ConnectionId request, const Post& post) {
  const MessageSource source{std::nullopt, sender_of(&post.vouched, post.submission.session.value)};
  const auto wait = messages_.refuse(now, source, events_of(post.messages.size()));
  if (!wait) return true;
  respond_error(request, 429, rate_limited(Limited::Message, *wait));
  return false;
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
           if (error) return refuse_post(request, post, *error);
           submit_post(then, request, std::move(post));
         });
}

void Hub::Core::refuse_post(ConnectionId request, const Post& post, const server::Error& error) {
  if (error.code == ErrorCode::RateLimited) {
    for (const auto& each : post.messages) {
      if (each && std::holds_alternative<client::Join>(each->message))
        count_join_refused(error.code);
    }
  }
  respond_error(request, http_status_of(error.code), error);
}

void Hub::Core::submit_post(Now now, ConnectionId request, Post post) {
  for (auto& decoded : post.messages) {
    if (decoded) {
      ++counters_.received.at(decoded->message.index());
      post.submission.operations.push_back(
          to_operation(now, *std::move(decoded), {post.peer, post.client, post.vouched}));
    } else {
      post.submission.operations.push_back(refusal(error_of(decoded.error())));
    }
  }
  state_.submit(now, std::move(post.submission),
                [this, request](Now then, std::expected<Submitted, StateError> submitted) {
                  if (submitted) count(*submitted);
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

void Hub::Core::close_session(Now now, ConnectionId request, const ClientInfo& client,
                              const UrlParameters& url) {
  requests_.insert(request);
  if (const auto refused = refuse_request(now, client)) {
    return respond_error(request, 429, *refused);
  }
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
