#include "common/stun/binding_responder.hpp"

#include <array>

#include "common/stun/message_builder.hpp"
#include "common/stun/stun_attributes.hpp"
#include "common/stun/unknown_attributes.hpp"

namespace icebreaker::stun {
namespace {

// Credentials are understood, and not asked for: RFC 8489 §12 has no authentication for Binding.
constexpr auto kKnown = std::to_array<AttributeType>({
    AttributeType::Username,
    AttributeType::Userhash,
    AttributeType::Realm,
    AttributeType::Nonce,
    AttributeType::MessageIntegrity,
    AttributeType::MessageIntegritySha256,
    AttributeType::PasswordAlgorithm,
});

}  // namespace

BindingReply respond_to_binding(const MessageView& request, const ClientAddress& client,
                                MutableByteView buffer) {
  const AttributeTypeList unknown = unknown_attributes(request, kKnown);
  const auto finish = [&](MessageBuilder& reply) {
    if (request.has<Fingerprint>()) reply.add_fingerprint();
    return reply.finish();
  };
  if (!unknown.empty()) {
    auto reply = MessageBuilder::error_response(buffer, request, ErrorCode::UnknownAttribute);
    reply.add<UnknownAttributes>(unknown);
    return {finish(reply), ErrorCode::UnknownAttribute};
  }
  auto reply = MessageBuilder::success_response(buffer, request);
  reply.add<XorMappedAddress>(client.value);
  return {finish(reply), std::nullopt};
}

}  // namespace icebreaker::stun
