#include "stun/core/responder.hpp"

#include <array>

#include "common/stun/binding_responder.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::stun {

std::string_view name_of(Outcome outcome) {
  static constexpr auto kNames = std::to_array<std::string_view>({
      "success",
      "unknown_attribute",
      "not_stun",
      "malformed",
      "wrong_fingerprint",
      "not_a_request",
      "unknown_method",
  });
  static_assert(kNames.size() == static_cast<std::size_t>(Outcome::Count));
  return kNames.at(static_cast<std::size_t>(outcome));
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
