// Two libnice agents that may use nothing but a TURN server's relay: they exchange candidates
// (through our own parser), connect and pass numbered datagrams to and fro. Run by
// tests/process/test_libnice_relay.py; exit status 0 only when all of it worked.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <nice/agent.h>
}

#include "common/ice/candidate.hpp"

// glib and libnice keep what they allocate once; none of it is ours.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the sanitizer's name.
extern "C" const char* __asan_default_options();

extern "C" const char* __asan_default_options() {
  return "detect_leaks=0";
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace icebreaker::test {
namespace {

constexpr guint kTimeoutSeconds = 20;
constexpr guint kComponent = 1;
constexpr std::size_t kRoundTrips = 200;

struct TurnServer {
  std::string host;
  guint port;
  std::string username;
  std::string password;
  NiceRelayType transport;
};

struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};

[[noreturn]] void fail(const std::string& why) {
  std::printf("failed: %s\n", why.c_str());
  std::fflush(stdout);
  std::_Exit(EXIT_FAILURE);
}

// Lengths from 1 byte to an MTU, so that ChannelData padding of every kind is crossed.
std::string datagram_of(std::size_t number) {
  std::string bytes(1 + number * 37 % 1200, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(number * 31 + i);
  return bytes;
}

class Peer {
 public:
  Peer(std::string name, gboolean controlling, const TurnServer& turn, GMainContext* context)
      : name_{std::move(name)},
        agent_{nice_agent_new(context, NICE_COMPATIBILITY_RFC5245)},
        context_{context} {
    g_object_set(agent_.get(), "controlling-mode", controlling, "force-relay", TRUE, "ice-tcp",
                 FALSE, "upnp", FALSE, nullptr);
    stream_ = nice_agent_add_stream(agent_.get(), 1);
    NiceAddress local;
    nice_address_init(&local);
    // libnice leaves loopback interfaces out unless it is told to use one.
    if (nice_address_set_from_string(&local, turn.host.c_str()) == FALSE ||
        nice_agent_add_local_address(agent_.get(), &local) == FALSE ||
        nice_agent_set_relay_info(agent_.get(), stream_, kComponent, turn.host.c_str(), turn.port,
                                  turn.username.c_str(), turn.password.c_str(),
                                  turn.transport) == FALSE) {
      fail("libnice does not take the TURN server's address");
    }
  }

  template <class Callback>
  void on(const char* signal, Callback callback, gpointer data) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how glib takes every callback.
    const auto plain = reinterpret_cast<GCallback>(callback);
    g_signal_connect_data(agent_.get(), signal, plain, data, nullptr, GConnectFlags{});
  }

  void receive_with(NiceAgentRecvFunc callback, gpointer data) {
    nice_agent_attach_recv(agent_.get(), stream_, kComponent, context_, callback, data);
  }

  void gather() {
    if (nice_agent_gather_candidates(agent_.get(), stream_) == FALSE)
      fail(name_ + " cannot gather");
  }

  // All of them relayed; through our parser and formatter on the way to the other agent.
  [[nodiscard]] std::vector<std::string> candidates() const {
    std::vector<std::string> lines;
    GSList* list = nice_agent_get_local_candidates(agent_.get(), stream_, kComponent);
    for (const GSList* each = list; each != nullptr; each = each->next) {
      auto* candidate = static_cast<NiceCandidate*>(each->data);
      const std::unique_ptr<gchar, GFree> text{
          nice_agent_generate_local_candidate_sdp(agent_.get(), candidate)};
      const auto parsed = ice::parse_candidate(text.get());
      if (!parsed) fail(std::string{text.get()}.append(": ").append(to_string(parsed.error())));
      std::printf("%s candidate %s\n", name_.c_str(), to_string(*parsed).c_str());
      if (parsed->type == ice::CandidateType::Relayed) lines.push_back("a=" + to_string(*parsed));
      nice_candidate_free(candidate);
    }
    g_slist_free(list);
    if (lines.empty()) fail(name_ + " got no relayed candidate from the TURN server");
    return lines;
  }

  void connect_to(const Peer& other) {
    gchar* user = nullptr;
    gchar* password = nullptr;
    nice_agent_get_local_credentials(other.agent_.get(), other.stream_, &user, &password);
    nice_agent_set_remote_credentials(agent_.get(), stream_, user, password);
    g_free(user);
    g_free(password);
    GSList* remote = nullptr;
    for (const std::string& line : other.candidates()) {
      NiceCandidate* candidate =
          nice_agent_parse_remote_candidate_sdp(agent_.get(), stream_, line.c_str());
      if (candidate == nullptr) fail("libnice refuses " + line);
      remote = g_slist_append(remote, candidate);
    }
    nice_agent_set_remote_candidates(agent_.get(), stream_, kComponent, remote);
    g_slist_free_full(
        remote, [](gpointer each) { nice_candidate_free(static_cast<NiceCandidate*>(each)); });
  }

  void send(std::string_view bytes) {
    const int sent = nice_agent_send(agent_.get(), stream_, kComponent,
                                     static_cast<guint>(bytes.size()), bytes.data());
    if (sent != static_cast<int>(bytes.size())) fail(name_ + " cannot send");
  }

  void print_selected_pair() const {
    NiceCandidate* local = nullptr;
    NiceCandidate* remote = nullptr;
    if (nice_agent_get_selected_pair(agent_.get(), stream_, kComponent, &local, &remote) == FALSE) {
      fail(name_ + " has no selected pair");
    }
    std::printf("%s selected local=%s remote=%s\n", name_.c_str(),
                nice_candidate_type_to_string(local->type),
                nice_candidate_type_to_string(remote->type));
  }

  [[nodiscard]] bool is(const NiceAgent* agent) const { return agent_.get() == agent; }

  bool gathered = false;
  bool ready = false;

 private:
  std::string name_;
  std::unique_ptr<NiceAgent, Unref> agent_;
  GMainContext* context_;
  guint stream_ = 0;
};

// The call in its steps: gather, exchange candidates, connect, pass datagrams.
class Call {
 public:
  Call(const TurnServer& turn, GMainLoop* loop)
      : loop_{loop},
        caller_{"caller", TRUE, turn, g_main_loop_get_context(loop)},
        callee_{"callee", FALSE, turn, g_main_loop_get_context(loop)} {
    for (Peer* peer : {&caller_, &callee_}) {
      peer->on("candidate-gathering-done", &Call::on_gathered, this);
      peer->on("component-state-changed", &Call::on_state, this);
    }
    caller_.receive_with(&Call::on_echo, this);
    callee_.receive_with(&Call::on_datagram, this);
    caller_.gather();
    callee_.gather();
  }

  // Returns once every datagram came back.
  void run() { g_main_loop_run(loop_); }

 private:
  Peer& peer_of(NiceAgent* agent) { return caller_.is(agent) ? caller_ : callee_; }

  static void on_gathered(NiceAgent* agent, guint /*stream*/, gpointer data) noexcept {
    auto& call = *static_cast<Call*>(data);
    call.peer_of(agent).gathered = true;
    if (!call.caller_.gathered || !call.callee_.gathered) return;
    call.caller_.connect_to(call.callee_);
    call.callee_.connect_to(call.caller_);
  }

  static void on_state(NiceAgent* agent, guint /*stream*/, guint /*component*/, guint state,
                       gpointer data) noexcept {
    auto& call = *static_cast<Call*>(data);
    if (state == NICE_COMPONENT_STATE_FAILED) fail("no candidate pair works");
    if (state != NICE_COMPONENT_STATE_READY) return;
    call.peer_of(agent).ready = true;
    if (call.started_ || !call.caller_.ready || !call.callee_.ready) return;
    call.started_ = true;
    call.caller_.send(datagram_of(0));
  }

  static void on_datagram(NiceAgent* /*agent*/, guint /*stream*/, guint /*component*/, guint length,
                          gchar* bytes, gpointer data) noexcept {
    static_cast<Call*>(data)->callee_.send({bytes, length});
  }

  static void on_echo(NiceAgent* /*agent*/, guint /*stream*/, guint /*component*/, guint length,
                      gchar* bytes, gpointer data) noexcept {
    auto& call = *static_cast<Call*>(data);
    if (std::string_view{bytes, length} != datagram_of(call.echoed_)) fail("an echo was altered");
    ++call.echoed_;
    if (call.echoed_ < kRoundTrips) return call.caller_.send(datagram_of(call.echoed_));
    call.caller_.print_selected_pair();
    call.callee_.print_selected_pair();
    std::printf("echoed %zu datagrams\n", call.echoed_);
    g_main_loop_quit(call.loop_);
  }

  GMainLoop* loop_;
  Peer caller_;
  Peer callee_;
  bool started_ = false;
  std::size_t echoed_ = 0;
};

NiceRelayType transport_of(std::string_view name) {
  if (name == "udp") return NICE_RELAY_TYPE_TURN_UDP;
  if (name == "tcp") return NICE_RELAY_TYPE_TURN_TCP;
  fail("the transport is neither udp nor tcp");
}

int run(const TurnServer& turn) {
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  const auto late = [](gpointer) noexcept -> gboolean { fail("not connected in time"); };
  g_timeout_add_seconds(kTimeoutSeconds, late, nullptr);
  {
    Call call{turn, loop};
    call.run();
  }
  g_main_loop_unref(loop);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace icebreaker::test

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: libnice-relay TURN-ADDRESS PORT USERNAME PASSWORD udp|tcp\n");
    return 2;
  }
  const std::vector<std::string> args{argv + 1, argv + argc};
  return icebreaker::test::run({.host = args[0],
                                .port = static_cast<guint>(std::strtoul(argv[2], nullptr, 10)),
                                .username = args[2],
                                .password = args[3],
                                .transport = icebreaker::test::transport_of(args[4])});
}
