#include "stun/core/responder.hpp"

#include "common/stun/binding_responder.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::stun {

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Success:
      return "success";
    case Outcome::UnknownAttribute:
      return "unknown_attribute";
    case Outcome::NotStun:
      return "not_stun";
    case Outcome::Malformed:
      return "malformed";
    case Outcome::WrongFingerprint:
      return "wrong_fingerprint";
    case Outcome::NotARequest:
      return "not_a_request";
    case Outcome::UnknownMethod:
      return "unknown_method";
  }
  return "unknown";
}

// RFC 8489 §6.3: what is not understood at this level is discarded in silence.
Response respond_to(ByteView message, const ClientAddress& client, MutableByteView buffer) {
  const auto request = MessageView::parse(message);
  if (!request) {
    const bool foreign = request.error() == ParseError::NotStun;
    return {foreign ? Outcome::NotStun : Outcome::Malformed, {}};
  }
  if (has_wrong_fingerprint(*request)) return {Outcome::WrongFingerprint, {}};
  // A Binding indication is a keepalive and answers to requests are for clients.
  if (request->message_class() != MessageClass::Request) return {Outcome::NotARequest, {}};
  if (request->method() != Method::Binding) return {Outcome::UnknownMethod, {}};
  const BindingReply reply = respond_to_binding(*request, client, buffer);
  return {reply.error ? Outcome::UnknownAttribute : Outcome::Success, reply.bytes};
}

}  // namespace icebreaker::stun
