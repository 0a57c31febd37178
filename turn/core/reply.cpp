#include "turn/core/reply.hpp"

namespace icebreaker::turn {

effect::Reply error_reply(const ReplyTo& to, stun::ErrorCode code) {
  return signed_reply(to, stun::MessageClass::ErrorResponse, [&](auto& reply) {
    reply.template add<stun::ErrorCodeAttribute>({code, stun::reason_phrase(code)});
  });
}

effect::Reply try_alternate_reply(const ReplyTo& to, const SocketAddress& alternate) {
  return signed_reply(to, stun::MessageClass::ErrorResponse, [&](auto& reply) {
    const auto code = stun::ErrorCode::TryAlternate;
    reply.template add<stun::ErrorCodeAttribute>({code, stun::reason_phrase(code)});
    reply.template add<stun::AlternateServer>(alternate);
  });
}

effect::Reply unknown_attribute_reply(const ReplyTo& to, const stun::AttributeTypeList& unknown) {
  return signed_reply(to, stun::MessageClass::ErrorResponse, [&](auto& reply) {
    const auto code = stun::ErrorCode::UnknownAttribute;
    reply.template add<stun::ErrorCodeAttribute>({code, stun::reason_phrase(code)});
    reply.template add<stun::UnknownAttributes>(unknown);
  });
}

effect::Reply challenge_reply(MonoTime now, const FiveTuple& to, const stun::MessageView& request,
                              stun::ErrorCode code, const Authenticator& authenticator) {
  effect::Reply reply{.to = to, .bytes = {}};
  auto builder = stun::MessageBuilder::error_response(reply.bytes.buffer(), request, code);
  // RFC 8489 §9.2.4: a 400 names neither realm nor nonce.
  if (code != stun::ErrorCode::BadRequest) {
    authenticator.add_challenge(now, to.client, builder);
  }
  if (request.has<stun::Fingerprint>()) builder.add_fingerprint();
  reply.bytes.set_size(builder.finish().size());
  ICEBREAKER_CHECK(!reply.bytes.view().empty());
  return reply;
}

}  // namespace icebreaker::turn
