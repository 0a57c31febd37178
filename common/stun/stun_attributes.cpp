#include "common/stun/stun_attributes.hpp"

namespace icebreaker::stun {
namespace {

constexpr std::unexpected kMalformed{AttributeError::Malformed};
constexpr std::size_t kMaxReasonBytes = 763;
constexpr unsigned kMinErrorClass = 3;
constexpr unsigned kMaxErrorClass = 6;
constexpr unsigned kErrorNumbersPerClass = 100;

// RFC 8489 §14.11: parameters are padded to 4 bytes, but their length field is not.
PasswordAlgorithmChoice read_choice(ByteReader& in) {
  const auto number = static_cast<PasswordAlgorithmNumber>(in.u16());
  const std::size_t length = in.u16();
  const ByteView parameters = in.bytes(length);
  return {number, parameters};
}

void skip_padding(ByteReader& in, std::size_t length) {
  in.bytes(padded_to_4(length) - length);
}

void write_choice(ByteWriter& out, const PasswordAlgorithmChoice& choice) {
  out.u16(static_cast<std::uint16_t>(choice.number));
  out.u16(static_cast<std::uint16_t>(choice.parameters.size()));
  out.bytes(choice.parameters);
}

}  // namespace

Decoded<ByteView> MessageIntegritySha256::decode(ByteView wire, const TransactionId& /*id*/) {
  const bool legal =
      wire.size() >= 16 && wire.size() <= kMessageIntegritySha256Bytes && wire.size() % 4 == 0;
  if (!legal) return kMalformed;
  return wire;
}

void MessageIntegritySha256::encode(ByteWriter& out, ByteView hmac, const TransactionId& /*id*/) {
  out.bytes(hmac);
}

Decoded<ErrorCodeAttribute::Value> ErrorCodeAttribute::decode(ByteView wire,
                                                              const TransactionId& /*id*/) {
  ByteReader in{wire};
  in.u16();  // RFC 8489 §14.8: reserved
  const unsigned error_class = in.u8() & 0x07U;
  const unsigned number = in.u8();
  const ByteView reason = in.rest();
  const bool legal = !in.failed() && error_class >= kMinErrorClass &&
                     error_class <= kMaxErrorClass && number < kErrorNumbersPerClass &&
                     reason.size() <= kMaxReasonBytes;
  if (!legal) return kMalformed;
  return Value{static_cast<ErrorCode>(error_class * kErrorNumbersPerClass + number),
               text_of(reason)};
}

void ErrorCodeAttribute::encode(ByteWriter& out, const Value& value, const TransactionId& /*id*/) {
  const unsigned code = static_cast<unsigned>(value.code);
  out.u16(0);
  out.u8(static_cast<std::uint8_t>(code / kErrorNumbersPerClass));
  out.u8(static_cast<std::uint8_t>(code % kErrorNumbersPerClass));
  out.bytes(bytes_of(value.reason));
}

Decoded<AttributeTypeList> UnknownAttributes::decode(ByteView wire, const TransactionId& /*id*/) {
  if (wire.size() % 2 != 0) return kMalformed;
  AttributeTypeList types;
  ByteReader in{wire};
  while (!in.rest().empty() && types.push_back(static_cast<AttributeType>(in.u16()))) {
  }
  return types;
}

void UnknownAttributes::encode(ByteWriter& out, const Value& types, const TransactionId& /*id*/) {
  for (const AttributeType type : types) out.u16(static_cast<std::uint16_t>(type));
}

Decoded<PasswordAlgorithmChoice> PasswordAlgorithm::decode(ByteView wire,
                                                           const TransactionId& /*id*/) {
  ByteReader in{wire};
  const PasswordAlgorithmChoice choice = read_choice(in);
  // Some senders count the padding of the parameters in the attribute's length, some do not.
  if (in.failed() ||
      in.rest().size() > padded_to_4(choice.parameters.size()) - choice.parameters.size()) {
    return kMalformed;
  }
  return choice;
}

void PasswordAlgorithm::encode(ByteWriter& out, const Value& choice, const TransactionId& /*id*/) {
  write_choice(out, choice);
}

Decoded<PasswordAlgorithms::Value> PasswordAlgorithms::decode(ByteView wire,
                                                              const TransactionId& /*id*/) {
  Value choices;
  ByteReader in{wire};
  while (!in.rest().empty()) {
    const PasswordAlgorithmChoice choice = read_choice(in);
    if (!in.rest().empty()) skip_padding(in, choice.parameters.size());
    if (in.failed() || !choices.push_back(choice)) return kMalformed;
  }
  return choices;
}

void PasswordAlgorithms::encode(ByteWriter& out, const Value& choices,
                                const TransactionId& /*id*/) {
  for (const PasswordAlgorithmChoice& choice : choices) {
    write_choice(out, choice);
    const std::size_t length = choice.parameters.size();
    out.zeros(padded_to_4(length) - length);
  }
}

}  // namespace icebreaker::stun
