#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/base/check.hpp"
#include "common/signaling/json_codec.hpp"
#include "common/signaling/json_plain_messages.hpp"
#include "tests/support/for_the_parser.hpp"

namespace icebreaker::signaling {
namespace {

// Encoding may need more bytes than the input did, for escapes.
constexpr Limits kAmple{.message_bytes = 1U << 24U, .body_bytes = 1U << 24U};

// What is accepted must survive encoding.
void check_client(std::string_view text) {
  const auto once = decode_client(text, kAmple);
  if (once) ICEBREAKER_CHECK(decode_client(encode(*once), kAmple) == once);
  const auto plain = read_plain_signal(text);
  if (!plain) return;
  ICEBREAKER_CHECK(once == *plain);
  ICEBREAKER_CHECK(decode_client(testing::for_the_parser(text), kAmple) == *plain);
}

void check_post(std::string_view body) {
  const auto once = decode_post(body, kAmple);
  if (once) ICEBREAKER_CHECK(decode_post(encode(*once), kAmple).has_value());
  const auto plain = read_plain_post(body);
  if (!plain) return;
  ICEBREAKER_CHECK(once == *plain);
  ICEBREAKER_CHECK(decode_post(testing::for_the_parser(body), kAmple) == *plain);
}

void check_server(std::string_view text) {
  const auto once = decode_server(text);
  if (once) ICEBREAKER_CHECK(decode_server(encode(*once)) == once);
  if (const auto poll = decode_poll(text)) {
    ICEBREAKER_CHECK(decode_poll(encode_poll(*poll)) == poll);
  }
  if (const auto received = decode_received(text)) {
    ICEBREAKER_CHECK(decode_received(encode_received(*received)) == received);
  }
}

}  // namespace
}  // namespace icebreaker::signaling

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = icebreaker::text_of(std::as_bytes(std::span{data, size}));
  icebreaker::signaling::check_client(text);
  icebreaker::signaling::check_post(text);
  icebreaker::signaling::check_server(text);
  return 0;
}
