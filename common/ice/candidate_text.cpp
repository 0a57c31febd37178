// RFC 8839 §5.1 in grammar order, one function per part.
#include <algorithm>
#include <utility>

#include "common/ice/candidate.hpp"
#include "common/ice/text.hpp"

namespace icebreaker::ice {
namespace {

constexpr std::size_t kMaxFoundationChars = 32;
constexpr std::size_t kMaxHostNameChars = 253;
constexpr std::size_t kMaxLabelChars = 63;
constexpr std::size_t kComponentDigits = 3;
constexpr std::size_t kPriorityDigits = 10;
constexpr std::size_t kPortDigits = 5;

// Fields are separated by exactly one space; an extension's value may be empty.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_{text} {}

  std::optional<std::string_view> next() {
    if (!rest_) return std::nullopt;
    const std::size_t space = rest_->find(' ');
    const std::string_view field = rest_->substr(0, space);
    rest_ =
        space == std::string_view::npos ? std::nullopt : std::optional{rest_->substr(space + 1)};
    return field;
  }

  // The value after a keyword when that is what comes next, otherwise nothing is taken.
  std::optional<std::string_view> next_after(std::string_view keyword) {
    Fields ahead = *this;
    const auto name = ahead.next();
    if (!name || !same_token(*name, keyword)) return std::nullopt;
    *this = ahead;
    return next().value_or(std::string_view{});
  }

 private:
  std::optional<std::string_view> rest_;
};

std::string_view without_prefix(std::string_view text) {
  for (const std::string_view prefix : {"a=candidate:", "candidate:"}) {
    if (text.starts_with(prefix)) return text.substr(prefix.size());
  }
  return text;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabelChars && label.front() != '-' &&
         label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

// A name whose last label is a number is a mistyped IPv4 address.
bool is_host_name(std::string_view text) {
  if (text.size() > kMaxHostNameChars) return false;
  std::string_view label;
  for (std::size_t start = 0; start <= text.size(); start += label.size() + 1) {
    label = text.substr(start, text.find('.', start) - start);
    if (!is_label(label)) return false;
  }
  return !std::ranges::all_of(label, is_digit);
}

std::optional<ConnectionAddress> parse_address(std::string_view text) {
  if (const auto ip = IpAddress::parse(text)) return *ip;
  if (is_host_name(text)) return HostName{std::string{text}};
  return std::nullopt;
}

struct TypeToken {
  CandidateType type;
  std::string other;
};

std::optional<TypeToken> parse_type(std::string_view text) {
  using enum CandidateType;
  for (const CandidateType type : {Host, ServerReflexive, PeerReflexive, Relayed}) {
    if (same_token(text, to_string(type))) return TypeToken{type, {}};
  }
  return is_token(text) ? std::optional{TypeToken{Other, std::string{text}}} : std::nullopt;
}

std::optional<TcpType> parse_tcp_type(std::string_view text) {
  using enum TcpType;
  for (const TcpType type : {Active, Passive, SimultaneousOpen}) {
    if (same_token(text, to_string(type))) return type;
  }
  return std::nullopt;
}

using Error = std::optional<CandidateError>;

// foundation SP component-id SP transport SP priority
Error read_identity(Fields& fields, Candidate& out) {
  const auto foundation = fields.next().value_or("");
  if (foundation.empty() || foundation.size() > kMaxFoundationChars ||
      !std::ranges::all_of(foundation, is_ice_char)) {
    return CandidateError::BadFoundation;
  }
  const auto component = fields.next();
  if (!component) return CandidateError::Truncated;
  const auto id = parse_number<std::uint16_t>(*component, kComponentDigits);
  if (!id || *id == 0 || *id > kMaxComponent) return CandidateError::BadComponent;
  const auto transport = fields.next();
  if (!transport) return CandidateError::Truncated;
  if (!is_token(*transport)) return CandidateError::BadTransport;
  const auto priority_text = fields.next();
  if (!priority_text) return CandidateError::Truncated;
  const auto priority = parse_number<std::uint32_t>(*priority_text, kPriorityDigits);
  if (!priority || *priority == 0 || *priority > kMaxPriority) return CandidateError::BadPriority;
  out.foundation = foundation;
  out.component = *id;
  out.transport_token = *transport;
  out.priority = *priority;
  return std::nullopt;
}

// SP connection-address SP port SP "typ" SP candidate-types
Error read_place(Fields& fields, Candidate& out) {
  const auto address_text = fields.next();
  if (!address_text) return CandidateError::Truncated;
  auto address = parse_address(*address_text);
  if (!address) return CandidateError::BadAddress;
  const auto port_text = fields.next();
  if (!port_text) return CandidateError::Truncated;
  const auto port = parse_number<std::uint16_t>(*port_text, kPortDigits);
  if (!port) return CandidateError::BadPort;
  const auto type_text = fields.next_after("typ");
  if (!type_text) return fields.next() ? CandidateError::BadType : CandidateError::Truncated;
  auto type = parse_type(*type_text);
  if (!type) return CandidateError::BadType;
  out.address = std::move(*address);
  out.port = *port;
  out.type = type->type;
  out.other_type = std::move(type->other);
  return std::nullopt;
}

// [SP "raddr" SP connection-address] [SP "rport" SP port]. They MUST be there for reflexive and
// relayed candidates, yet are for diagnostics only, so their absence is no reason to refuse one.
Error read_related(Fields& fields, Candidate& out) {
  if (const auto text = fields.next_after("raddr")) {
    out.related_address = parse_address(*text);
    if (!out.related_address) return CandidateError::BadRelatedAddress;
  }
  if (const auto text = fields.next_after("rport")) {
    out.related_port = parse_number<std::uint16_t>(*text, kPortDigits);
    if (!out.related_port) return CandidateError::BadRelatedPort;
  }
  return std::nullopt;
}

// RFC 6544 §4.5 puts tcptype before other extensions; anywhere else it still counts for TCP.
Error read_extensions(Fields& fields, Candidate& out) {
  const bool is_tcp = out.transport() == Transport::Tcp;
  while (const auto name = fields.next()) {
    const auto value = fields.next();
    if (!value || !is_token(*name) || !std::ranges::all_of(*value, is_visible)) {
      return CandidateError::BadExtension;
    }
    if (is_tcp && !out.tcp_type && same_token(*name, "tcptype")) {
      out.tcp_type = parse_tcp_type(*value);
      if (!out.tcp_type) return CandidateError::BadTcpType;
      continue;
    }
    if (out.extensions.size() == kMaxExtensions) return CandidateError::TooManyExtensions;
    out.extensions.push_back({std::string{*name}, std::string{*value}});
  }
  return std::nullopt;
}

std::string text_of(const ConnectionAddress& address) {
  if (const auto* ip = std::get_if<IpAddress>(&address)) return ip->to_string();
  return std::get<HostName>(address).text;
}

}  // namespace

std::expected<Candidate, CandidateError> parse_candidate(std::string_view text) {
  if (text.size() > kMaxCandidateBytes) return std::unexpected(CandidateError::TooLong);
  Fields fields{without_prefix(text)};
  Candidate candidate;
  for (const auto read : {read_identity, read_place, read_related, read_extensions}) {
    if (const Error error = read(fields, candidate)) return std::unexpected(*error);
  }
  // The prefix and RFC 5952 can make it longer; what is accepted must be readable again.
  if (to_string(candidate).size() > kMaxCandidateBytes) {
    return std::unexpected(CandidateError::TooLong);
  }
  return candidate;
}

std::string to_string(const Candidate& candidate) {
  std::string out = "candidate:" + candidate.foundation;
  const auto append = [&out](std::string_view field) { out.append(1, ' ').append(field); };
  append(std::to_string(candidate.component));
  append(candidate.transport_token);
  append(std::to_string(candidate.priority));
  append(text_of(candidate.address));
  append(std::to_string(candidate.port));
  append("typ");
  append(candidate.type == CandidateType::Other ? candidate.other_type : to_string(candidate.type));
  if (candidate.related_address) {
    append("raddr");
    append(text_of(*candidate.related_address));
  }
  if (candidate.related_port) {
    append("rport");
    append(std::to_string(*candidate.related_port));
  }
  if (candidate.tcp_type) {
    append("tcptype");
    append(to_string(*candidate.tcp_type));
  }
  for (const Extension& extension : candidate.extensions) {
    append(extension.name);
    append(extension.value);
  }
  return out;
}

}  // namespace icebreaker::ice
