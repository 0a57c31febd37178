// The answer to a Binding request, for every server that has a STUN port. Stateless.
#pragma once

#include <optional>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::stun {

struct BindingReply {
  ByteView bytes;                  // in the caller's buffer; empty when that was too small
  std::optional<ErrorCode> error;  // 420 when the request holds attributes we do not know
};

// RFC 8489 §6.3.1.1. No SOFTWARE and no reason phrase: a spoofed request is hardly amplified.
BindingReply respond_to_binding(const MessageView& request, const ClientAddress& client,
                                MutableByteView buffer);

}  // namespace icebreaker::stun
