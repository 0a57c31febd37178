#include "signaling/core/token_codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/bytes.hpp"
#include "common/base/check.hpp"
#include "common/crypto/base64.hpp"
#include "common/crypto/constant_time.hpp"
#include "common/crypto/hmac.hpp"

namespace icebreaker::signaling {
namespace {

constexpr std::string_view kPrefix = "v2.";
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kMaxPayload = 1024 + kMaxGrantsBytes;

std::string to_url_safe(std::string text) {
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.resize(text.size() - static_cast<std::size_t>(std::ranges::count(text, '=')));
  return text;
}

std::string from_url_safe(std::string_view safe) {
  std::string text{safe};
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

void put_text(ByteWriter& out, std::string_view text) {
  out.u16(static_cast<std::uint16_t>(text.size()));
  out.bytes(bytes_of(text));
}

std::string take_text(ByteReader& in) {
  return std::string{text_of(in.bytes(in.u16()))};
}

std::uint64_t seconds_of(WallTime wall) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count());
}

// The prefix is signed too: a later format cannot be passed off as this one.
crypto::Sha256Digest mac_of(std::string_view secret, ByteView payload) {
  const std::array<ByteView, 2> parts{bytes_of(kPrefix), payload};
  return crypto::hmac_sha256(bytes_of(secret), parts);
}

Standing read_standing(ByteReader& in) {
  Standing standing;
  standing.peer.value = take_text(in);
  standing.user = take_text(in);
  standing.grants = take_text(in);
  if (in.u8() == 0) return standing;
  Membership membership;
  membership.room = take_text(in);
  membership.name = take_text(in);
  membership.role = in.u8() == 0 ? Role::Impolite : Role::Polite;
  membership.capacity = in.u32();
  standing.membership = std::move(membership);
  return standing;
}

}  // namespace

TokenCodec::TokenCodec(std::vector<std::string> secrets, std::chrono::seconds lifetime)
    : secrets_{std::move(secrets)}, lifetime_{lifetime} {
  ICEBREAKER_CHECK(!secrets_.empty());
}

std::string TokenCodec::mint(Now now, const Standing& standing) const {
  std::array<std::byte, kMaxPayload> buffer{};
  ByteWriter out{buffer};
  out.u64(seconds_of(now.wall));
  put_text(out, standing.peer.value);
  put_text(out, standing.user);
  put_text(out, standing.grants);
  out.u8(standing.membership ? 1 : 0);
  if (standing.membership) {
    put_text(out, standing.membership->room);
    put_text(out, standing.membership->name);
    out.u8(standing.membership->role == Role::Impolite ? 0 : 1);
    out.u32(standing.membership->capacity);
  }
  const auto mac = mac_of(secrets_.front(), out.written());
  out.bytes(mac);
  ICEBREAKER_CHECK(!out.failed());
  return std::string{kPrefix} + to_url_safe(crypto::base64_encode(out.written()));
}

std::optional<Standing> TokenCodec::verify(Now now, std::string_view token) const {
  if (!token.starts_with(kPrefix)) return std::nullopt;
  const auto raw = crypto::base64_decode(from_url_safe(token.substr(kPrefix.size())));
  if (!raw || raw->size() <= kMacBytes) return std::nullopt;
  const ByteView payload = ByteView{*raw}.first(raw->size() - kMacBytes);
  const ByteView mac = ByteView{*raw}.last(kMacBytes);
  const bool ours = std::ranges::any_of(secrets_, [&](const std::string& secret) {
    return crypto::constant_time_equal(mac_of(secret, payload), mac);
  });
  if (!ours) return std::nullopt;

  ByteReader in{payload};
  const std::uint64_t issued = in.u64();
  Standing standing = read_standing(in);
  if (!in.finished()) return std::nullopt;
  const auto lifetime = static_cast<std::uint64_t>(lifetime_.count());
  if (issued + lifetime <= seconds_of(now.wall)) return std::nullopt;
  return standing;
}

}  // namespace icebreaker::signaling
