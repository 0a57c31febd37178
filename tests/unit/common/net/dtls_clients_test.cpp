#include "common/net/dtls_clients.hpp"

#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/net/dtls_association.hpp"

namespace icebreaker::net {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

// An own certificate on disk for as long as it lives.
class CertificateFiles {
 public:
  CertificateFiles() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    const auto write = [](const std::string& path, auto put) {
      FILE* file = std::fopen(path.c_str(), "w");
      put(file);
      std::fclose(file);
    };
    write(files_.certificate, [&](FILE* file) { PEM_write_X509(file, certificate); });
    write(files_.key, [&](FILE* file) {
      PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  [[nodiscard]] const TlsFiles& files() const { return files_; }

 private:
  TlsFiles files_{testing::TempDir() + "dtls_clients_test_certificate.pem",
                  testing::TempDir() + "dtls_clients_test_key.pem"};
};

// OpenSSL's client over memory. Takes and makes whole datagrams.
class Client {
 public:
  Client() : context_{SSL_CTX_new(DTLS_client_method())}, tls_{SSL_new(context_)} {
    SSL_set_options(tls_, SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(tls_, 1200);
    BIO* in = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(tls_, in, out_);
    in_ = in;
    SSL_set_connect_state(tls_);
  }

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;

  ~Client() {
    SSL_free(tls_);
    SSL_CTX_free(context_);
  }

  // What it says after a datagram came, or at the start.
  Bytes exchange(ByteView datagram) {
    if (!datagram.empty()) BIO_write(in_, datagram.data(), static_cast<int>(datagram.size()));
    std::array<char, 2048> buffer{};
    const int size = SSL_read(tls_, buffer.data(), static_cast<int>(buffer.size()));
    if (size > 0) received.emplace_back(buffer.data(), static_cast<std::size_t>(size));
    return take_output();
  }

  Bytes say(std::string_view text) {
    SSL_write(tls_, text.data(), static_cast<int>(text.size()));
    return take_output();
  }

  Bytes say_goodbye() {
    SSL_shutdown(tls_);
    return take_output();
  }

  [[nodiscard]] bool is_established() const { return SSL_is_init_finished(tls_) == 1; }

  std::vector<std::string> received;

 private:
  Bytes take_output() {
    Bytes bytes(BIO_ctrl_pending(out_));
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }

  SSL_CTX* context_;
  SSL* tls_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

class Recorder final : public DtlsHandler {
 public:
  void send_datagram(const DatagramPath& path, ByteView bytes) override {
    sent.emplace_back(path, Bytes{bytes.begin(), bytes.end()});
  }

  MonoTime on_open(AssociationId id, const DatagramPath& /*path*/, MonoTime now) override {
    opened.push_back(id);
    return now + 1min;
  }

  MonoTime on_message(AssociationId /*id*/, ByteView message, MonoTime now) override {
    messages.emplace_back(text_of(message));
    return now + 1min;
  }

  std::optional<MonoTime> on_idle(AssociationId /*id*/, MonoTime now) override {
    if (!stays) return std::nullopt;
    return now + 1min;
  }

  void on_closed(AssociationId id, DtlsEnd end) override { closed.emplace_back(id, end); }

  std::deque<std::pair<DatagramPath, Bytes>> sent;
  std::vector<AssociationId> opened;
  std::vector<std::string> messages;
  std::vector<std::pair<AssociationId, DtlsEnd>> closed;
  bool stays = false;
};

DatagramPath path_from(std::string_view client) {
  return {SocketId{7}, SocketAddress::parse(client).value(),
          SocketAddress::parse("192.0.2.1:5349").value()};
}

class DtlsClientsTest : public testing::Test {
 protected:
  explicit DtlsClientsTest(const DtlsLimits& limits = {}) : server_{handler_, limits} {
    static const CertificateFiles kCertificate;
    server_.set_identity(TlsIdentity::load(kCertificate.files()).value().datagrams);
  }

  void deliver(const DatagramPath& path, const Bytes& bytes) {
    server_.on_datagram(path, bytes, now_);
  }

  // Until both are silent.
  void converse(Client& client, const DatagramPath& path, Bytes from_client) {
    while (!from_client.empty() || !handler_.sent.empty()) {
      if (!from_client.empty()) deliver(path, std::exchange(from_client, {}));
      if (handler_.sent.empty()) continue;
      EXPECT_EQ(handler_.sent.front().first, path);
      from_client = client.exchange(handler_.sent.front().second);
      handler_.sent.pop_front();
    }
  }

  void connect(Client& client, const DatagramPath& path) {
    converse(client, path, client.exchange({}));
  }

  // The ClientHello with the server's cookie in it.
  Bytes hello_with_cookie(Client& client, const DatagramPath& path) {
    deliver(path, client.exchange({}));
    const Bytes request = handler_.sent.front().second;
    handler_.sent.pop_front();
    return client.exchange(request);
  }

  [[nodiscard]] std::uint64_t ends(DtlsEnd end) const { return server_.counters().ends.of(end); }

  const DatagramPath here_ = path_from("203.0.113.5:40000");
  MonoTime now_ = MonoTime::clock::now();
  Recorder handler_;
  DtlsClients server_;
};

TEST_F(DtlsClientsTest, CarriesMessagesBothWays) {
  Client client;
  connect(client, here_);
  ASSERT_TRUE(client.is_established());
  ASSERT_EQ(handler_.opened.size(), 1U);

  deliver(here_, client.say("question"));
  EXPECT_EQ(server_.send(handler_.opened[0], bytes_of("answer")), DtlsClients::Sent::Yes);
  client.exchange(handler_.sent.front().second);

  EXPECT_EQ(handler_.messages, std::vector<std::string>{"question"});
  EXPECT_EQ(client.received, std::vector<std::string>{"answer"});
  EXPECT_EQ(server_.counters().handshakes, 1U);
}

TEST_F(DtlsClientsTest, KeepsNothingOfAClientWithoutACookie) {
  Client client;
  const Bytes hello = client.exchange({});

  for (int i = 0; i < 100; ++i) deliver(here_, hello);

  EXPECT_EQ(server_.counters().open, 0U);
  EXPECT_EQ(server_.counters().cookies_sent, 100U);
  EXPECT_FALSE(server_.next_deadline().has_value());
  EXPECT_LT(handler_.sent.front().second.size(), hello.size());
}

TEST_F(DtlsClientsTest, TakesACookieOnlyFromWhereItWasSentAndOnlyForAWhile) {
  Client client;
  const Bytes hello = hello_with_cookie(client, here_);

  deliver(path_from("203.0.113.5:40001"), hello);
  deliver(path_from("203.0.113.6:40000"), hello);
  Bytes another = hello;
  another[30] ^= std::byte{1};  // in the client's random
  deliver(here_, another);
  now_ += 61s;
  deliver(here_, hello);
  EXPECT_EQ(server_.counters().open, 0U);

  now_ -= 61s;
  deliver(here_, hello);
  EXPECT_EQ(server_.counters().open, 1U);
}

TEST_F(DtlsClientsTest, SendsAgainWhatGotLost) {
  Client client;
  deliver(here_, hello_with_cookie(client, here_));
  handler_.sent.clear();  // lost

  // OpenSSL reads the clock for this itself; the first wait takes one second.
  const MonoTime end = now_ + 5s;
  while (handler_.sent.empty() && MonoTime::clock::now() < end) {
    server_.on_deadline(std::min(MonoTime::clock::now(), now_ + 9s));
  }

  converse(client, here_, {});
  EXPECT_TRUE(client.is_established());
}

TEST_F(DtlsClientsTest, GivesUpHandshakesThatStall) {
  Client client;
  deliver(here_, hello_with_cookie(client, here_));

  server_.on_deadline(now_ + 10s);

  EXPECT_EQ(ends(DtlsEnd::HandshakeTimeout), 1U);
  EXPECT_EQ(server_.counters().open, 0U);
  EXPECT_TRUE(handler_.closed.empty());  // it was never opened
  EXPECT_FALSE(server_.next_deadline().has_value());
}

TEST_F(DtlsClientsTest, AnotherAddressBeginsAnew) {
  Client client;
  connect(client, here_);
  const auto elsewhere = path_from("203.0.113.5:40001");

  deliver(elsewhere, client.say("moved"));

  EXPECT_TRUE(handler_.messages.empty());
  EXPECT_EQ(server_.counters().ignored, 1U);
}

TEST_F(DtlsClientsTest, AClientThatLostItsStateBeginsAnewFromTheSameAddress) {
  Client before;
  connect(before, here_);
  Client after;

  const Bytes hello = hello_with_cookie(after, here_);
  deliver(here_, before.say("still there"));
  EXPECT_EQ(handler_.messages, std::vector<std::string>{"still there"});
  EXPECT_TRUE(handler_.closed.empty());  // no cookie yet

  converse(after, here_, hello);

  EXPECT_TRUE(after.is_established());
  EXPECT_EQ(handler_.closed, (std::vector{std::pair{handler_.opened[0], DtlsEnd::Restarted}}));
  EXPECT_EQ(server_.counters().open, 1U);
}

TEST_F(DtlsClientsTest, AReplayedClientHelloEndsNothing) {
  Client client;
  const Bytes hello = hello_with_cookie(client, here_);
  converse(client, here_, hello);

  deliver(here_, hello);
  deliver(here_, client.say("alive"));

  EXPECT_EQ(handler_.messages, std::vector<std::string>{"alive"});
  EXPECT_TRUE(handler_.closed.empty());
}

TEST_F(DtlsClientsTest, EndsAtCloseNotifyAndTellsIdleClients) {
  Client leaving;
  connect(leaving, here_);
  deliver(here_, leaving.say_goodbye());
  EXPECT_EQ(ends(DtlsEnd::ByClient), 1U);
  handler_.sent.clear();

  Client idle;
  connect(idle, path_from("203.0.113.5:40001"));
  handler_.sent.clear();
  handler_.stays = true;
  server_.on_deadline(now_ + 1min);
  EXPECT_EQ(ends(DtlsEnd::Idle), 0U);
  handler_.stays = false;
  server_.on_deadline(now_ + 2min);

  EXPECT_EQ(ends(DtlsEnd::Idle), 1U);
  EXPECT_EQ(handler_.sent.size(), 1U);  // close_notify
  EXPECT_EQ(server_.send(handler_.opened[1], bytes_of("x")), DtlsClients::Sent::Closed);
}

TEST_F(DtlsClientsTest, SurvivesGarbage) {
  Client client;
  connect(client, here_);
  const Bytes hello = Client{}.exchange({});

  for (std::size_t size = 0; size <= hello.size(); ++size) {
    deliver(here_, Bytes{hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(size)});
    deliver(path_from("203.0.113.9:1"),
            Bytes{hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(size)});
  }
  for (unsigned first = 20; first < 64; ++first) {
    deliver(here_, Bytes(100, static_cast<std::byte>(first)));
  }
  handler_.sent.clear();
  deliver(here_, client.say("alive"));

  EXPECT_EQ(handler_.messages, std::vector<std::string>{"alive"});
}

TEST_F(DtlsClientsTest, RefusesMessagesThatNoRecordHolds) {
  Client client;
  connect(client, here_);

  EXPECT_EQ(server_.send(handler_.opened[0], bytes_of(std::string(16'385, 'x'))),
            DtlsClients::Sent::TooLong);
}

class FewDtlsClientsTest : public DtlsClientsTest {
 protected:
  FewDtlsClientsTest()
      : DtlsClientsTest{{.associations = 3, .associations_per_network = 2, .handshakes = 1}} {}
};

TEST_F(FewDtlsClientsTest, BoundsHandshakesAtOnce) {
  Client first;
  deliver(here_, hello_with_cookie(first, here_));
  handler_.sent.clear();
  Client second;
  const auto elsewhere = path_from("198.51.100.1:1");

  deliver(elsewhere, hello_with_cookie(second, elsewhere));

  EXPECT_EQ(server_.counters().refused, 1U);
  EXPECT_EQ(server_.counters().open, 1U);
}

TEST_F(FewDtlsClientsTest, BoundsAssociationsOfANetworkAndInAll) {
  std::deque<Client> clients;
  for (const std::string_view from :
       {"203.0.113.5:1", "203.0.113.6:1", "203.0.113.7:1", "198.51.100.1:1", "192.0.2.200:1"}) {
    connect(clients.emplace_back(), path_from(from));
  }

  EXPECT_EQ(server_.counters().open, 3U);  // two of one network, one of another
  EXPECT_EQ(server_.counters().refused, 2U);

  deliver(path_from("203.0.113.5:1"), clients[0].say_goodbye());
  handler_.sent.clear();
  connect(clients.emplace_back(), path_from("203.0.113.8:1"));
  EXPECT_EQ(server_.counters().open, 3U);
}

}  // namespace
}  // namespace icebreaker::net
