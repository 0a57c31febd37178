#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "common/ice/candidate.hpp"
#include "common/ice/priority.hpp"
#include "tests/support/data_file.hpp"

namespace icebreaker::ice {
namespace {

const std::string kAlphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const std::string kTokenChars = kAlphanumeric + "-.!%*_+`'~";

rc::Gen<std::string> text_of(const std::string& characters, std::size_t least, std::size_t most) {
  return rc::gen::mapcat(rc::gen::inRange(least, most + 1), [characters](std::size_t size) {
    return rc::gen::container<std::string>(size, rc::gen::elementOf(characters));
  });
}

rc::Gen<ConnectionAddress> any_address() {
  return rc::gen::oneOf(
      rc::gen::map(rc::gen::arbitrary<std::uint32_t>(),
                   [](std::uint32_t v4) { return ConnectionAddress{IpAddress::from_v4(v4)}; }),
      rc::gen::map(rc::gen::arbitrary<std::array<std::uint8_t, 16>>(),
                   [](const std::array<std::uint8_t, 16>& v6) {
                     return ConnectionAddress{*IpAddress::from_bytes(std::as_bytes(std::span{v6}))};
                   }),
      rc::gen::map(text_of(kAlphanumeric, 1, 63), [](const std::string& label) {
        return ConnectionAddress{HostName{label + ".local"}};
      }));
}

template <class T>
rc::Gen<std::optional<T>> maybe(rc::Gen<T> value) {
  return rc::gen::oneOf(rc::gen::just(std::optional<T>{}),
                        rc::gen::map(std::move(value), [](T v) { return std::optional<T>{v}; }));
}

// Names of the grammar's own fields would be read as those fields.
bool is_extension_name(const std::string& name) {
  return std::ranges::none_of(std::array{"raddr", "rport", "tcptype"}, [&name](const char* own) {
    return std::ranges::equal(name, std::string_view{own}, {},
                              [](char c) { return std::tolower(static_cast<unsigned char>(c)); });
  });
}

rc::Gen<Extension> any_extension() {
  std::string visible;
  for (char c = '!'; c <= '~'; ++c) visible.push_back(c);
  return rc::gen::build<Extension>(
      rc::gen::set(&Extension::name,
                   rc::gen::suchThat(text_of(kTokenChars, 1, 20), is_extension_name)),
      rc::gen::set(&Extension::value, text_of(visible, 0, 20)));
}

Candidate any_candidate() {
  using enum CandidateType;
  Candidate out;
  out.foundation = *text_of(kAlphanumeric + "+/", 1, 32);
  out.component = *rc::gen::inRange<std::uint16_t>(1, kMaxComponent + 1);
  out.transport_token = *rc::gen::oneOf(rc::gen::element<std::string>("udp", "UDP", "tcp", "TCP"),
                                        text_of(kTokenChars, 1, 10));
  out.priority = *rc::gen::inRange<std::uint32_t>(1, kMaxPriority);
  out.address = *any_address();
  out.port = *rc::gen::arbitrary<std::uint16_t>();
  out.type = *rc::gen::element(Host, ServerReflexive, PeerReflexive, Relayed, Other);
  if (out.type == Other) out.other_type = "x-" + *text_of(kTokenChars, 0, 10);
  out.related_address = *maybe(any_address());
  out.related_port = *maybe(rc::gen::arbitrary<std::uint16_t>());
  if (out.transport() == Transport::Tcp) {
    out.tcp_type =
        *maybe(rc::gen::element(TcpType::Active, TcpType::Passive, TcpType::SimultaneousOpen));
  }
  out.extensions = *rc::gen::resize(int{kMaxExtensions},
                                    rc::gen::container<std::vector<Extension>>(any_extension()));
  return out;
}

RC_GTEST_PROP(CandidateText, ParsingWhatWasFormattedGivesTheCandidateBack, ()) {
  const Candidate candidate = any_candidate();
  const std::string text = to_string(candidate);
  RC_PRE(text.size() <= kMaxCandidateBytes);

  const auto parsed = parse_candidate(text);

  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == candidate);
}

void formatting_is_stable(const std::string& text) {
  const auto once = parse_candidate(text);
  if (!once) return;
  const auto twice = parse_candidate(to_string(*once));
  RC_ASSERT(twice.has_value());
  RC_ASSERT(*twice == *once);
}

RC_GTEST_PROP(CandidateText, AnyBytesAreReadOrRefused, (const std::string& bytes)) {
  formatting_is_stable(bytes);
  formatting_is_stable("candidate:1 1 udp 1 192.0.2.1 1 typ host " + bytes);
}

RC_GTEST_PROP(CandidateText, MutatedRealCandidatesAreReadOrRefused, ()) {
  static const auto real_lines = test::read_data_lines("ice/candidates.txt");
  std::string text = *rc::gen::elementOf(real_lines);
  for (int edits = *rc::gen::inRange(1, 5); edits > 0 && !text.empty(); --edits) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        text[at] = *rc::gen::arbitrary<char>();
        break;
      case 1:
        text.erase(at, *rc::gen::inRange<std::size_t>(1, 12));
        break;
      default:
        text.insert(at, text.substr(*rc::gen::inRange<std::size_t>(0, text.size()), 12));
    }
  }
  formatting_is_stable(text);
}

rc::Gen<std::uint32_t> any_priority() {
  return rc::gen::inRange<std::uint32_t>(1, kMaxPriority);
}

RC_GTEST_PROP(PairPriority, DiffersByOneBitWhenTheRolesAreSwapped, ()) {
  const std::uint32_t a = *any_priority();
  const std::uint32_t b = *any_priority();
  const std::uint64_t ab = pair_priority({.controlling = a, .controlled = b});
  const std::uint64_t ba = pair_priority({.controlling = b, .controlled = a});
  RC_ASSERT((ab >> 1U) == (ba >> 1U));
  RC_ASSERT((ab == ba) == (a == b));
}

RC_GTEST_PROP(PairPriority, OrdersByTheWorseCandidateThenByTheBetter, ()) {
  const std::uint32_t a = *any_priority();
  const std::uint32_t b = *any_priority();
  const std::uint32_t c = *any_priority();
  const std::uint32_t d = *any_priority();
  const auto key = [](std::uint32_t g, std::uint32_t l) {
    return std::tuple{std::min(g, l), std::max(g, l), g > l};
  };
  RC_ASSERT((key(a, b) < key(c, d)) == (pair_priority({a, b}) < pair_priority({c, d})));
}

RC_GTEST_PROP(CandidatePriority, RanksTypeThenLocalPreferenceThenComponent, ()) {
  using enum CandidateType;
  const auto any = [] {
    return std::tuple{*rc::gen::element(Host, PeerReflexive, ServerReflexive),
                      *rc::gen::arbitrary<std::uint16_t>(),
                      *rc::gen::inRange<std::uint16_t>(1, kMaxComponent + 1)};
  };
  const auto rank = [](const auto& c) {
    return std::tuple{type_preference(std::get<0>(c)), std::get<1>(c), -std::get<2>(c)};
  };
  const auto x = any();
  const auto y = any();
  RC_ASSERT((rank(x) < rank(y)) ==
            (std::apply(candidate_priority, x) < std::apply(candidate_priority, y)));
}

}  // namespace
}  // namespace icebreaker::ice
