// What a reply needs of its request; kept while an answer waits for a relay socket.
#pragma once

#include <cstdint>
#include <optional>

#include "common/stun/message.hpp"
#include "common/stun/message_builder.hpp"
#include "common/stun/stun_attributes.hpp"
#include "turn/core/ids.hpp"
#include "turn/core/password_key.hpp"

namespace icebreaker::turn {

class ReplyIntegrity {
 public:
  // No signature: only for servers that authenticate nobody.
  ReplyIntegrity() = default;

  // `attribute` is MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256.
  ReplyIntegrity(const PasswordKey& key, stun::AttributeType attribute)
      : key_{key}, attribute_{attribute} {}

  // After the last attribute.
  void seal(stun::MessageBuilder& reply) const {
    if (!key_) return;
    if (attribute_ == stun::AttributeType::MessageIntegritySha256) {
      reply.add_message_integrity_sha256(key_->view());
    } else {
      reply.add_message_integrity(key_->view());
    }
  }

 private:
  std::optional<PasswordKey> key_;
  stun::AttributeType attribute_ = stun::AttributeType::MessageIntegrity;
};

enum class ReplyFingerprint : std::uint8_t { Omit, Add };

struct ReplyTo {
  ReplyTo() = default;

  ReplyTo(const FiveTuple& from, const stun::MessageView& request)
      : client{from},
        method{request.method()},
        transaction{request.transaction_id()},
        fingerprint{request.has<stun::Fingerprint>() ? ReplyFingerprint::Add
                                                     : ReplyFingerprint::Omit} {}

  FiveTuple client;
  stun::Method method{};
  stun::TransactionId transaction{};
  ReplyIntegrity integrity;
  ReplyFingerprint fingerprint = ReplyFingerprint::Omit;
};

}  // namespace icebreaker::turn
