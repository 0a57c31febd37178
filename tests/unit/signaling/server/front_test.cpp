// Origins, CORS and client addresses as requests meet them, with a real hub behind.
#include "signaling/server/front.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "common/signaling/json_codec.hpp"
#include "signaling/server/token_verifier.hpp"
#include "signaling/state/memory_state.hpp"
#include "tests/support/seeded_random.hpp"

namespace icebreaker::signaling {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHello = R"({"type":"hello","protocol":1})";
constexpr const char* kAllowed = "https://app.example";
constexpr const char* kOther = "https://other.example";

class NoIce final : public IceServerSource {
 public:
  IceServerList ice_servers(Now /*now*/, const PeerId& /*peer*/,
                            std::string_view /*host*/) override {
    return {};
  }

  [[nodiscard]] std::chrono::seconds ttl() const override { return 1h; }
};

class FrontTest : public ::testing::Test, public Responder {
 protected:
  FrontTest() { front_.connect(*this); }

  static HubConfig hub_config() {
    HubConfig config;
    config.token_secrets = {"secret"};
    config.opens_per_minute = 1;  // tells who counts as the same client
    return config;
  }

  static HttpRequest request(Method method, std::string path) {
    HttpRequest http;
    http.method = method;
    http.path = std::move(path);
    http.host = "signal.example";
    http.peer = IpAddress::parse("192.0.2.1").value();
    return http;
  }

  static HttpRequest open_request(std::string origin = {}) {
    HttpRequest http = request(Method::Post, "/v1/sessions");
    http.origin = std::move(origin);
    http.body = kHello;
    return http;
  }

  static HttpRequest upgrade_request(std::string origin = {}) {
    HttpRequest http = request(Method::Get, "/v1/ws");
    http.origin = std::move(origin);
    http.upgrade = "websocket";
    http.websocket_version = "13";
    http.websocket_protocols = "icebreaker.v1";
    return http;
  }

  // From an address behind the trusted proxy 10.0.0.1.
  int open_as(std::string forwarded_for) {
    HttpRequest http = open_request();
    http.peer = IpAddress::parse("10.0.0.1").value();
    http.forwarded_for = std::move(forwarded_for);
    return ask(std::move(http)).status;
  }

  HttpResponse ask(HttpRequest http) {
    const ConnectionId id{++last_id_};
    front_.on_request(id, http);
    if (!responses_.contains(id)) return ADD_FAILURE() << "no answer", HttpResponse{};
    return responses_.at(id);
  }

  static std::string header_of(const HttpResponse& response, std::string_view name) {
    const auto found =
        std::ranges::find(response.headers, name, [](const auto& header) { return header.first; });
    return found == response.headers.end() ? "" : found->second;
  }

  static void expect_readable_by(const HttpResponse& response, std::string_view origin) {
    EXPECT_EQ(header_of(response, "Access-Control-Allow-Origin"), origin) << response.body;
    EXPECT_EQ(header_of(response, "Vary"), "Origin");
  }

  std::uint64_t counted(Route route, int status) {
    const auto* found = std::ranges::find(FrontCounters::kStatuses, status);
    return front_.counters()
        .responses.at(static_cast<std::size_t>(route))
        .at(static_cast<std::size_t>(found - FrontCounters::kStatuses.begin()));
  }

  void respond(ConnectionId id, HttpResponse response) override {
    EXPECT_TRUE(responses_.emplace(id, std::move(response)).second) << "answered twice";
  }

  void open_stream(ConnectionId id, HttpResponse head) override { respond(id, std::move(head)); }

  void send_piece(ConnectionId /*stream*/, std::string /*piece*/) override {}

  void end_stream(ConnectionId /*stream*/) override {}

  void send(ConnectionId /*socket*/, std::string text) override {
    sent_.push_back(std::move(text));
  }

  void close(ConnectionId /*socket*/, SocketClose /*close*/) override {}

  icebreaker::testing::SeededRandom random_;
  MemoryState state_{StateConfig{}, random_};
  NoIce ice_;
  JwtVerifier tokens_{{}};
  EffectQueue effects_;
  Hub hub_{hub_config(),
           {.state = state_, .ice = ice_, .tokens = tokens_, .random = random_, .out = effects_}};
  service::Log log_{service::LogLevel::Error, service::LogFormat::Text};
  Front front_{{.origins = OriginPolicy{{kAllowed}},
                .proxies = TrustedProxies{{Cidr::parse("10.0.0.0/8").value()}},
                .site = {},
                .state_ready = [] { return true; }},
               hub_,
               effects_,
               [] { return Now{MonoTime{1h}, WallTime{1h}}; },
               service::Logger{log_, "test"}};
  std::uint64_t last_id_ = 0;
  std::map<ConnectionId, HttpResponse> responses_;
  std::vector<std::string> sent_;
};

TEST_F(FrontTest, AnswersAllowedOriginsReadably) {
  const HttpResponse opened = ask(open_request(kAllowed));
  EXPECT_EQ(opened.status, 201);
  expect_readable_by(opened, kAllowed);
  const HttpResponse limited = ask(open_request(kAllowed));
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(header_of(limited, "Retry-After"), "60");
  EXPECT_EQ(header_of(limited, "Access-Control-Expose-Headers"), "Retry-After");
  expect_readable_by(limited, kAllowed);
  for (auto [method, path, status] :
       {std::tuple{Method::Get, "/v1/nothing", 404}, std::tuple{Method::Put, "/v1/sessions", 405},
        std::tuple{Method::Get, "/v1/ws", 426},
        std::tuple{Method::Get, "/v1/sessions/x/messages", 400},
        std::tuple{Method::Post, "/v1/sessions/x/messages", 400},
        std::tuple{Method::Delete, "/v1/sessions/x", 400}}) {
    HttpRequest http = request(method, path);
    http.origin = kAllowed;
    const HttpResponse response = ask(std::move(http));
    EXPECT_EQ(response.status, status) << path;
    expect_readable_by(response, kAllowed);
  }
}

TEST_F(FrontTest, RefusesOtherOriginsEverywhereBeforeTheHub) {
  for (auto [method, path] :
       {std::pair{Method::Post, "/v1/sessions"}, std::pair{Method::Options, "/v1/sessions"},
        std::pair{Method::Get, "/v1/sessions/x/messages"},
        std::pair{Method::Get, "/v1/sessions/x/events"},
        std::pair{Method::Post, "/v1/sessions/x/messages"},
        std::pair{Method::Options, "/v1/sessions/x/messages"},
        std::pair{Method::Delete, "/v1/sessions/x"}, std::pair{Method::Get, "/v1/ws"},
        std::pair{Method::Get, "/v1/nothing"}}) {
    for (const char* origin :
         {kOther, "null", "http://app.example", "https://app.example.evil.example"}) {
      HttpRequest http = request(method, path);
      http.origin = origin;
      http.body = kHello;
      const HttpResponse response = ask(std::move(http));
      EXPECT_EQ(response.status, 403) << path << " " << origin;
      EXPECT_NE(response.body.find("origin_refused"), std::string::npos);
      EXPECT_EQ(header_of(response, "Access-Control-Allow-Origin"), "");
    }
  }
  const auto upgrade = front_.check_upgrade(upgrade_request(kOther));
  ASSERT_TRUE(upgrade);
  EXPECT_EQ(upgrade->status, 403);
  EXPECT_FALSE(front_.check_upgrade(upgrade_request(kAllowed)));
  EXPECT_FALSE(front_.check_upgrade(upgrade_request("https://signal.example")));
  EXPECT_FALSE(front_.check_upgrade(upgrade_request()));
  EXPECT_EQ(state_.sizes().sessions, 0U);
}

TEST_F(FrontTest, StreamsEventsToAllowedOriginsReadably) {
  const auto welcome = decode_server(ask(open_request(kAllowed)).body);
  const auto& session = std::get<server::Welcome>(welcome.value().message);
  HttpRequest http = request(Method::Get, "/v1/sessions/" + session.session.value + "/events");
  http.origin = kAllowed;
  http.query = {{"epoch", std::to_string(session.epoch)}};

  const HttpResponse head = ask(std::move(http));

  EXPECT_EQ(header_of(head, "Content-Type"), "text/event-stream");
  expect_readable_by(head, kAllowed);
}

TEST_F(FrontTest, AnswersPreflights) {
  HttpRequest http = request(Method::Options, "/v1/sessions/x/messages");
  http.origin = kAllowed;

  const HttpResponse response = ask(std::move(http));

  EXPECT_EQ(response.status, 204);
  expect_readable_by(response, kAllowed);
  EXPECT_NE(header_of(response, "Access-Control-Allow-Methods").find("POST"), std::string::npos);
}

TEST_F(FrontTest, LetsPagesReadWhyTheirBodyWasNotTaken) {
  HttpRequest http = open_request(kAllowed);
  const HttpResponse response = front_.refuse_body(http, HttpResponse{.status = 413});
  EXPECT_EQ(response.status, 413);
  expect_readable_by(response, kAllowed);
  EXPECT_EQ(counted(Route::Sessions, 413), 1U);

  http.origin = kOther;
  EXPECT_EQ(front_.refuse_body(http, HttpResponse{.status = 413}).status, 403);
  http.path = "/";
  EXPECT_EQ(front_.refuse_body(http, HttpResponse{.status = 411}).status, 411);
}

TEST_F(FrontTest, TakesNewOriginsAndProxiesFromAReload) {
  front_.reconfigure(OriginPolicy{{kOther}}, TrustedProxies{{}});

  EXPECT_EQ(ask(open_request(kAllowed)).status, 403);
  EXPECT_EQ(ask(open_request(kOther)).status, 201);
  EXPECT_EQ(open_as("203.0.113.1"), 201);
  EXPECT_EQ(open_as("203.0.113.2"), 429);
}

TEST_F(FrontTest, CountsClientsBehindTheProxyApart) {
  EXPECT_EQ(open_as("203.0.113.1"), 201);
  EXPECT_EQ(open_as("203.0.113.2"), 201);
  EXPECT_EQ(open_as("203.0.113.2:4711"), 429);
  EXPECT_EQ(open_as("[2001:db8::1]:4711"), 201);
  EXPECT_EQ(open_as("\"[2001:db8::2]\""), 429);
}

TEST_F(FrontTest, IsNotFooledByForgedAddresses) {
  EXPECT_EQ(open_as("203.0.113.1"), 201);

  for (const char* forged : {"198.51.100.1, 203.0.113.1", "198.51.100.2,203.0.113.1",
                             "10.0.0.9, 203.0.113.1", "garbage,, ,203.0.113.1",
                             " 198.51.100.3 ,\t203.0.113.1 ", "198.51.100.4, 203.0.113.1, 10.0.0.2",
                             "unknown, 203.0.113.1:99", "[::1]:5, ::ffff:203.0.113.1"}) {
    EXPECT_EQ(open_as(forged), 429) << forged;
  }
}

TEST_F(FrontTest, HoldsTheProxyToAccountForWhatNobodyCanRead) {
  EXPECT_EQ(open_as(""), 201);

  for (const char* unreadable : {"198.51.100.1, unknown", "198.51.100.1, _hidden", ",",
                                 "198.51.100.1 203.0.113.1", "203.0.113.1/8", "fe80::1%eth0"}) {
    EXPECT_EQ(open_as(unreadable), 429) << unreadable;
  }
}

TEST_F(FrontTest, LimitsSocketsLikeRequests) {
  HttpRequest http = upgrade_request();
  http.peer = IpAddress::parse("10.0.0.1").value();
  http.forwarded_for = "198.51.100.1, 203.0.113.1";
  EXPECT_EQ(open_as("203.0.113.1"), 201);

  front_.on_socket_open(ConnectionId{++last_id_}, http);
  front_.on_socket_message(ConnectionId{last_id_}, kHello);

  ASSERT_EQ(sent_.size(), 1U);
  EXPECT_NE(sent_.front().find("rate_limited"), std::string::npos);
}

TEST(EffectQueue, KeepsTheOrderWhenEffectsBringAboutEffects) {
  EffectQueue queue;
  std::vector<std::uint64_t> applied;
  const auto emit = [&queue](std::uint64_t id) { queue.emit(effect::Send{ConnectionId{id}, "x"}); };
  const std::function<void(Effect&)> apply = [&](Effect& effect) {
    const std::uint64_t id = std::get<effect::Send>(effect).connection.value;
    applied.push_back(id);
    if (id > 2) return;
    emit(id + 2);
    queue.drain(apply);
  };
  emit(1);
  emit(2);
  queue.drain(apply);
  EXPECT_EQ(applied, (std::vector<std::uint64_t>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace icebreaker::signaling
