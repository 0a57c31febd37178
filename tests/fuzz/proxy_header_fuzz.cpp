#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/base/bytes.hpp"
#include "common/base/check.hpp"
#include "common/net/proxy_header.hpp"

namespace icebreaker::net {
namespace {

// How the network cuts a header must not change what it says: until it is whole nothing is said of
// it, or already what will be said in the end.
void run(ByteView bytes) {
  const auto whole = parse_proxy_header(bytes);
  if (whole) {
    ICEBREAKER_CHECK(whole->size > 0 && whole->size <= bytes.size());
    ICEBREAKER_CHECK(whole->size <= kMaxProxyHeaderBytes);
    ICEBREAKER_CHECK(parse_proxy_header(bytes.first(whole->size)) == whole);
  }
  const std::size_t until = std::min<std::size_t>(whole ? whole->size : bytes.size(), 256);
  for (std::size_t size = 0; size < until; ++size) {
    const auto part = parse_proxy_header(bytes.first(size));
    ICEBREAKER_CHECK(!part.has_value());
    ICEBREAKER_CHECK(part.error() == NoProxyHeader::NeedMoreBytes || part == whole);
  }
}

}  // namespace
}  // namespace icebreaker::net

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  icebreaker::net::run(std::as_bytes(std::span{data, size}));
  return 0;
}
