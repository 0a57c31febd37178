// The answers to authenticated requests.
#pragma once

#include "common/base/check.hpp"
#include "common/stun/message_builder.hpp"
#include "common/stun/stun_attributes.hpp"
#include "turn/core/authenticator.hpp"
#include "turn/core/effects.hpp"
#include "turn/core/reply_to.hpp"

namespace icebreaker::turn {

// Signed as the request's user expects, with FINGERPRINT when the request had one.
template <class Fill>
effect::Reply signed_reply(const ReplyTo& to, stun::MessageClass message_class, Fill fill) {
  effect::Reply reply{.to = to.client, .bytes = {}};
  stun::MessageBuilder builder{reply.bytes.buffer(), message_class, to.method, to.transaction};
  fill(builder);
  to.integrity.seal(builder);
  if (to.fingerprint == ReplyFingerprint::Add) builder.add_fingerprint();
  reply.bytes.set_size(builder.finish().size());
  ICEBREAKER_CHECK(!reply.bytes.view().empty());
  return reply;
}

template <class Fill>
effect::Reply success_reply(const ReplyTo& to, Fill fill) {
  return signed_reply(to, stun::MessageClass::SuccessResponse, fill);
}

inline effect::Reply success_reply(const ReplyTo& to) {
  return success_reply(to, [](stun::MessageBuilder& /*reply*/) {});
}

// With the RFC's reason phrase.
effect::Reply error_reply(const ReplyTo& to, stun::ErrorCode code);

// 300 with ALTERNATE-SERVER.
effect::Reply try_alternate_reply(const ReplyTo& to, const SocketAddress& alternate);

// 420 with UNKNOWN-ATTRIBUTES.
effect::Reply unknown_attribute_reply(const ReplyTo& to, const stun::AttributeTypeList& unknown);

// To somebody who has proved nothing yet: no reason phrase, so that a spoofed request is hardly
// amplified.
effect::Reply challenge_reply(MonoTime now, const FiveTuple& to, const stun::MessageView& request,
                              stun::ErrorCode code, const Authenticator& authenticator);

}  // namespace icebreaker::turn
