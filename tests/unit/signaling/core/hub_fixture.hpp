// Clients of a hub under test.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fake_shell.hpp"

namespace icebreaker::signaling::testing {

using namespace icebreaker::testing;

struct TestClient {
  ConnectionId connection;
  server::Welcome welcome;
  SendNo n = 0;
  std::string token;  // of the last `joined`
};

class HubTest : public ::testing::Test {
 protected:
  explicit HubTest(HubConfig config = FakeShell::default_config()) : shell_{std::move(config)} {}

  TestClient hello(client::Hello hello = {}) {
    TestClient made{shell_.connect(), {}, 0, {}};
    shell_.send(made.connection, {std::nullopt, std::move(hello)});
    const auto messages = shell_.received(made.connection);
    if (messages.empty()) return ADD_FAILURE() << "no answer to hello", made;
    backlog_ = {messages.begin() + 1, messages.end()};
    const auto* welcome = std::get_if<server::Welcome>(&messages.front().message);
    if (welcome == nullptr) return ADD_FAILURE() << encode(messages.front()), made;
    made.welcome = *welcome;
    made.n = welcome->received;
    return made;
  }

  client::Hello resume_of(const TestClient& lost, Seq after) {
    client::Hello hello;
    hello.resume = client::Resume{lost.welcome.session, lost.welcome.epoch, after};
    return hello;
  }

  void say(TestClient& client, ClientMessage message) {
    shell_.send(client.connection, {++client.n, std::move(message)});
  }

  void signal(TestClient& from, const TestClient& to, std::string data,
              std::optional<GenerationNo> gen = std::nullopt) {
    say(from, client::Signal{to.welcome.peer, std::move(data), SignalKind::Other, gen});
  }

  std::vector<ServerEnvelope> take(const TestClient& client) {
    return shell_.received(client.connection);
  }

  template <class Message>
  Message only(const TestClient& client) {
    const auto messages = take(client);
    EXPECT_EQ(messages.size(), 1U);
    if (messages.empty() || !std::holds_alternative<Message>(messages.front().message)) {
      return ADD_FAILURE() << (messages.empty() ? "nothing" : encode(messages.front())), Message{};
    }
    return std::get<Message>(messages.front().message);
  }

  // Two in one room, nothing left to read.
  std::pair<TestClient, TestClient> pair() {
    TestClient ann = hello();
    TestClient bob = hello();
    say(ann, client::Join{"lobby", "Ann", {}});
    say(bob, client::Join{"lobby", "Bob", {}});
    take(ann);
    for (const auto& each : take(bob)) {
      const auto* joined = std::get_if<server::Joined>(&each.message);
      if (joined != nullptr) bob.token = joined->resume_token;
    }
    return {ann, bob};
  }

  std::string path_of(const TestClient& client) { return client.welcome.session.value; }

  std::string epoch_of(const TestClient& client) { return std::to_string(client.welcome.epoch); }

  TestClient open_by_http() {
    const auto request = shell_.open(R"({"type":"hello","protocol":1})");
    const auto response = shell_.response(request);
    TestClient made;
    if (!response) return ADD_FAILURE() << "no response", made;
    EXPECT_EQ(response->status, 201);
    made.welcome = std::get<server::Welcome>(FakeShell::decoded(response->body).message);
    return made;
  }

  std::string post_body(const TestClient& client, std::vector<std::string> messages) {
    return encode(PostBody{client.welcome.epoch, std::nullopt, std::move(messages)});
  }

  ErrorCode error_of(const std::optional<effect::Respond>& response) {
    if (!response) return ADD_FAILURE() << "no response", ErrorCode::BadMessage;
    return std::get<server::Error>(FakeShell::decoded(response->body).message).code;
  }

  std::vector<ServerEnvelope> polled(ConnectionId request) {
    std::vector<ServerEnvelope> messages;
    const auto response = shell_.response(request);
    if (!response) return ADD_FAILURE() << "still held", messages;
    EXPECT_EQ(response->status, 200) << response->body;
    const auto texts = decode_poll(response->body).value();
    for (const std::string& text : texts) {
      messages.push_back(FakeShell::decoded(text));
    }
    return messages;
  }

  FakeShell shell_;
  std::vector<ServerEnvelope> backlog_;  // what followed the last welcome
};

}  // namespace icebreaker::signaling::testing
