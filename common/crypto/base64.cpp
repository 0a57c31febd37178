#include "common/crypto/base64.hpp"

#include <openssl/evp.h>

#include "common/base/check.hpp"

namespace icebreaker::crypto {
namespace {

const unsigned char* raw(const void* data) {
  return static_cast<const unsigned char*>(data);
}

unsigned char* raw(void* data) {
  return static_cast<unsigned char*>(data);
}

}  // namespace

std::string base64_encode(ByteView bytes) {
  // EVP_EncodeBlock() also writes a terminating zero.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int written =
      EVP_EncodeBlock(raw(text.data()), raw(bytes.data()), static_cast<int>(bytes.size()));
  ICEBREAKER_CHECK(written >= 0);
  text.resize(static_cast<std::size_t>(written));
  return text;
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  const int written =
      EVP_DecodeBlock(raw(bytes.data()), raw(text.data()), static_cast<int>(text.size()));
  if (written < 0) return std::nullopt;
  // EVP_DecodeBlock() decodes padding as zeros.
  if (text.ends_with('=')) bytes.pop_back();
  if (text.ends_with("==")) bytes.pop_back();
  // It also skips white space around the text and ignores unused bits; what is strictly right
  // encodes to itself.
  if (base64_encode(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace icebreaker::crypto
