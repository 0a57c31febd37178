#include "common/net/dtls_clients.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/net/dtls_association.hpp"

namespace icebreaker::net {
namespace {

// RFC 6347 §4.1: the most that a record carries.
constexpr std::size_t kMaxRecordBytes = 16'384;

}  // namespace

std::string_view name_of(DtlsEnd end) {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"by-client", "idle", "failed", "handshake-failed", "handshake-timeout", "restarted"});
  static_assert(kNames.size() == static_cast<std::size_t>(DtlsEnd::Count));
  return kNames.at(static_cast<std::size_t>(end));
}

DtlsClients::DtlsClients(DtlsHandler& handler, const DtlsLimits& limits)
    : handler_{handler},
      limits_{limits},
      networks_{limits.associations_per_network},
      handshaking_networks_{limits.handshakes_per_network},
      record_{std::make_unique<std::byte[]>(kMaxRecordBytes)} {}

DtlsClients::~DtlsClients() = default;

void DtlsClients::say_goodbye() {
  for (const auto& [path, association] : by_path_) association->say_goodbye();
}

void DtlsClients::set_identity(const TlsContext& datagrams) {
  context_ = datagrams;
  listening_ = std::make_unique<Association>(*context_, handler_, cookies_);
}

void DtlsClients::on_datagram(const DatagramPath& path, ByteView bytes, MonoTime now) {
  const auto random = client_random_in(bytes);
  const auto found = by_path_.find(path);
  // RFC 6347 §4.2.8: a client that lost its state begins anew from the same address, and the old
  // association stays until the new one has shown a cookie. The same ClientHello again belongs to
  // the handshake that it began.
  const bool begins_anew =
      random && (found == by_path_.end() || !found->second->has_client_random(*random));
  if (begins_anew) {
    answer_stranger(path, bytes, now);
  } else if (found != by_path_.end()) {
    drive(*found->second, bytes, now);
  } else {
    ++counters_.ignored;
  }
}

void DtlsClients::answer_stranger(const DatagramPath& path, ByteView bytes, MonoTime now) {
  if (!context_) {
    ++counters_.ignored;
    return;
  }
  const auto heard = listening_->listen(path, bytes, now);
  if (heard == Association::Heard::Nothing) ++counters_.cookies_sent;
  if (heard == Association::Heard::Broken) {
    ++counters_.ignored;
    listening_ = std::make_unique<Association>(*context_, handler_, cookies_);
  }
  if (heard != Association::Heard::GoodCookie) return;

  auto started =
      std::exchange(listening_, std::make_unique<Association>(*context_, handler_, cookies_));
  if (const auto old = by_path_.find(path); old != by_path_.end()) {
    finish(*old->second, DtlsEnd::Restarted);
  }
  if (!take_place(path.client.ip)) {
    ++counters_.refused;
    return;
  }
  Association& association = *started;
  association.id = AssociationId{++last_id_};
  association.stay_until = now + limits_.handshake_timeout;
  by_path_.emplace(path, std::move(started));
  by_id_.emplace(association.id, &association);
  ++counters_.open;
  drive(association, {}, now);
}

bool DtlsClients::take_place(const IpAddress& client) {
  if (by_path_.size() >= limits_.associations || handshaking_ >= limits_.handshakes) return false;
  if (!networks_.take(client)) return false;
  if (!handshaking_networks_.take(client)) {
    networks_.give_back(client);
    return false;
  }
  ++handshaking_;
  return true;
}

void DtlsClients::end_handshake(const IpAddress& client) {
  --handshaking_;
  handshaking_networks_.give_back(client);
}

void DtlsClients::drive(Association& association, ByteView bytes, MonoTime now) {
  association.receive(bytes);
  using Trouble = Association::Trouble;
  const MutableByteView buffer{record_.get(), kMaxRecordBytes};
  auto size = association.read_message(buffer);
  if (!association.opened && association.is_established()) {
    association.opened = true;
    ++counters_.handshakes;
    end_handshake(association.path.client.ip);
    association.stay_until = handler_.on_open(association.id, association.path, now);
  }
  for (; size; size = association.read_message(buffer)) {
    association.stay_until = handler_.on_message(association.id, buffer.first(*size), now);
  }
  association.receive({});
  if (size.error() == Trouble::None) {
    schedule(association, now);
  } else if (!association.opened) {
    finish(association, DtlsEnd::HandshakeFailed);
  } else {
    finish(association, size.error() == Trouble::Closed ? DtlsEnd::ByClient : DtlsEnd::Failed);
  }
}

DtlsClients::Sent DtlsClients::send(AssociationId id, ByteView message) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || !found->second->opened) return Sent::Closed;
  if (message.size() > kMaxRecordBytes) return Sent::TooLong;
  return found->second->send(message) ? Sent::Yes : Sent::Closed;
}

// Only ever earlier: most messages move the deadline away, and it is looked at when it comes.
void DtlsClients::schedule(Association& association, MonoTime now) {
  MonoTime next = association.stay_until;
  if (const auto left = association.retransmission()) {
    constexpr std::chrono::milliseconds kShortest{1};
    next = std::min(next, now + std::max<MonoTime::duration>(*left, kShortest));
  }
  if (association.queued_at && *association.queued_at <= next) return;
  association.queued_at = next;
  deadlines_.set(association.id, next);
}

void DtlsClients::on_deadline(MonoTime now) {
  while (const auto id = deadlines_.pop_due(now)) {
    Association& association = *by_id_.at(*id);
    association.queued_at.reset();
    on_due(association, now);
  }
}

void DtlsClients::on_due(Association& association, MonoTime now) {
  if (association.stay_until <= now) {
    if (!association.opened) return finish(association, DtlsEnd::HandshakeTimeout);
    const auto longer = handler_.on_idle(association.id, now);
    if (!longer) return finish(association, DtlsEnd::Idle);
    association.stay_until = *longer;
  }
  const auto left = association.retransmission();
  if (left && left->count() == 0 && !association.retransmit()) {
    return finish(association, DtlsEnd::HandshakeFailed);
  }
  schedule(association, now);
}

void DtlsClients::finish(Association& association, DtlsEnd end) {
  const auto node = by_path_.extract(association.path);
  by_id_.erase(association.id);
  deadlines_.erase(association.id);
  networks_.give_back(association.path.client.ip);
  if (!association.opened) end_handshake(association.path.client.ip);
  --counters_.open;
  counters_.ends.count(end);
  if (end == DtlsEnd::Idle || end == DtlsEnd::ByClient) association.say_goodbye();
  if (association.opened) handler_.on_closed(association.id, end);
}

}  // namespace icebreaker::net
