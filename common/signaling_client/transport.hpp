// What every transport of the client looks like. A transport is used once: it is connected, says
// hello, carries messages and closes. It does no I/O: effects out, events in.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/time.hpp"
#include "common/signaling/messages.hpp"
#include "common/signaling_client/closure.hpp"
#include "common/signaling_client/effects.hpp"
#include "common/signaling_client/session_state.hpp"
#include "common/signaling_client/stream_trust.hpp"
#include "common/signaling_client/timers.hpp"

namespace icebreaker::signaling_client {

class Transport;

// The connection, as its transports see it.
class TransportListener {
 public:
  virtual ~TransportListener() = default;
  // Hello may be said now.
  virtual void on_open(Now now, Transport& transport) = 0;
  virtual void on_welcome(Now now, Transport& transport,
                          const signaling::server::Welcome& welcome) = 0;
  // Numbered messages, `goaway` and `bad_sequence`.
  virtual void on_message(Now now, Transport& transport, signaling::ServerEnvelope envelope) = 0;
  // A numbered message that only a newer client would understand.
  virtual void on_unknown(Now now, Transport& transport, signaling::Seq seq) = 0;
  // It goes on as another kind: polls instead of an event stream.
  virtual void on_renamed(Now now, Transport& transport) = 0;
  // Once, never after close().
  virtual void on_closed(Now now, Transport& transport, const Closure& closure) = 0;
};

// What transports share; outlives them.
struct TransportContext {
  ClientSink& out;
  Timers& timers;
  SessionState& session;
  TransportListener& listener;
  StreamTrust& streams;
  std::uint64_t& last_id;  // of owners and links
};

class Transport {
 public:
  Transport(TransportKind kind, TransportContext& context)
      : context_{context}, id_{++context.last_id}, kind_{kind} {}

  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  Transport(Transport&&) = delete;
  Transport& operator=(Transport&&) = delete;
  virtual ~Transport() = default;

  [[nodiscard]] OwnerId id() const { return id_; }

  [[nodiscard]] TransportKind kind() const { return kind_; }

  [[nodiscard]] bool closed() const { return closed_; }

  virtual void connect(Now now) = 0;
  virtual void hello(Now now, const signaling::client::Hello& hello) = 0;
  // Sends what the session state has unsent.
  virtual void flush(Now now) = 0;
  // A numbered message was handed on.
  virtual void delivered(Now now) = 0;

  // Starts no new receive until it wakes up again: that would take the session back from the
  // transport that says hello meanwhile.
  virtual void rest() {}

  virtual void wake(Now /*now*/) {}

  // The network may have changed: finds out whether what is open still lives.
  virtual void recheck(Now /*now*/) {}

  // Flushes and ends the session on the server.
  virtual void end(Now now) = 0;
  // Drops the connection; the session lives on.
  virtual void close() = 0;

  // Ignores what is not its own.
  virtual void on_event(Now now, const Event& event) = 0;
  virtual void on_timer(Now now, Timer timer) = 0;

 protected:
  [[nodiscard]] TransportContext& context() { return context_; }

  LinkId next_link() { return LinkId{++context_.last_id}; }

  void set_timer(Timer timer, MonoTime at) { context_.timers.set({id_, timer}, at); }

  void stop_timer(Timer timer) { context_.timers.erase({id_, timer}); }

  [[nodiscard]] bool is_timer_set(Timer timer) const {
    return context_.timers.deadline_of({id_, timer}).has_value();
  }

  void set_closed() { closed_ = true; }

  void set_kind(TransportKind kind) { kind_ = kind; }

  void finish(Now now, const Closure& closure) {
    if (closed_) return;
    close();
    context_.listener.on_closed(now, *this, closure);
  }

 private:
  TransportContext& context_;
  OwnerId id_;
  TransportKind kind_;
  bool closed_ = false;
};

}  // namespace icebreaker::signaling_client
