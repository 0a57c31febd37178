// What a reply needs of its request; kept while an answer waits for a relay socket.
#pragma once

#include <cstdint>
#include <optional>

#include "common/crypto/digest.hpp"
#include "common/stun/message.hpp"
#include "common/stun/message_builder.hpp"
#include "common/stun/stun_attributes.hpp"
#include "turn/core/ids.hpp"

namespace icebreaker::turn {

class ReplyIntegrity {
 public:
  // No signature: only for servers that authenticate nobody.
  ReplyIntegrity() = default;

  explicit ReplyIntegrity(const crypto::Md5Digest& key) : key_{key} {}

  // After the last attribute.
  void seal(stun::MessageBuilder& reply) const {
    if (key_) reply.add_message_integrity(*key_);
  }

 private:
  std::optional<crypto::Md5Digest> key_;
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
