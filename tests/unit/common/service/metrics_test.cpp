#include "common/service/metrics.hpp"

#include <array>
#include <atomic>
#include <limits>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base/histogram.hpp"
#include "common/net/open_socket.hpp"
#include "common/net/sockaddr.hpp"
#include "common/service/metrics_endpoint.hpp"

namespace icebreaker::service {
namespace {

// A blocking client whose reads end after 10 s at the latest.
net::UniqueFd connect_to(const SocketAddress& server) {
  net::UniqueFd fd{::socket(server.ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const net::SockAddr address{server};
  EXPECT_EQ(::connect(fd.get(), address.get(), address.size()), 0);
  return fd;
}

// One request over a new connection; the whole response as text.
std::string http(const SocketAddress& server, const std::string& request_line) {
  const net::UniqueFd fd = connect_to(server);
  const std::string request = request_line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  std::string response;
  std::array<char, 4096> buffer{};
  ssize_t size = 0;
  while ((size = ::recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0) {
    response.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return response;
}

std::optional<std::string> always_ready() {
  return std::nullopt;
}

MetricFamilies example() {
  return {{"icebreaker_x_total",
           "What x did.",
           MetricType::Counter,
           {{.labels = {{"outcome", "a\"b"}}, .value = 3, .buckets = {}}}},
          {"icebreaker_open", "Open things.", MetricType::Gauge, {{{}, 2.5, {}}}},
          {"icebreaker_wait_seconds",
           "Waiting.",
           MetricType::Histogram,
           {{{}, 7.5, {{1, 2}, {std::numeric_limits<double>::infinity(), 3}}}}}};
}

TEST(Metrics, AreWrittenInThePrometheusTextFormat) {
  EXPECT_EQ(exposition_of(example()),
            "# HELP icebreaker_x_total What x did.\n"
            "# TYPE icebreaker_x_total counter\n"
            "icebreaker_x_total{outcome=\"a\\\"b\"} 3\n"
            "# HELP icebreaker_open Open things.\n"
            "# TYPE icebreaker_open gauge\n"
            "icebreaker_open 2.5\n"
            "# HELP icebreaker_wait_seconds Waiting.\n"
            "# TYPE icebreaker_wait_seconds histogram\n"
            "icebreaker_wait_seconds_count 3\n"
            "icebreaker_wait_seconds_sum 7.5\n"
            "icebreaker_wait_seconds_bucket{le=\"1\"} 2\n"
            "icebreaker_wait_seconds_bucket{le=\"+Inf\"} 3\n");
}

constexpr std::array kTwoBounds{0.5, 1.0};

TEST(Metrics, WriteAHistogramWithCumulativeBuckets) {
  Histogram<kTwoBounds> waits;
  for (const double each : {0.25, 0.25, 1.0, 3.0}) waits.observe(each);

  EXPECT_EQ(exposition_of({{"x_seconds",
                            "X.",
                            MetricType::Histogram,
                            {histogram_sample({{"script", "open"}}, waits)}}}),
            "# HELP x_seconds X.\n"
            "# TYPE x_seconds histogram\n"
            "x_seconds_count{script=\"open\"} 4\n"
            "x_seconds_sum{script=\"open\"} 4.5\n"
            "x_seconds_bucket{script=\"open\",le=\"0.5\"} 2\n"
            "x_seconds_bucket{script=\"open\",le=\"1\"} 3\n"
            "x_seconds_bucket{script=\"open\",le=\"+Inf\"} 4\n");
}

TEST(Metrics, TellOfTheProcess) {
  for (const MetricFamily& each : process_metrics()) {
    EXPECT_TRUE(each.name.starts_with("process_"));
    EXPECT_GT(each.samples.at(0).value, 0) << each.name;
  }
}

class MetricsEndpointTest : public testing::Test {
 protected:
  MetricsEndpointTest() {
    auto started = MetricsEndpoint::start({IpAddress::loopback(Family::V4), 0}, example, [this] {
      return ready_ ? std::nullopt : std::optional<std::string>{"starting"};
    });
    EXPECT_TRUE(started.has_value());
    endpoint_ = std::move(*started);
  }

  std::string get(const std::string& path) { return http(endpoint_->address(), "GET " + path); }

  std::atomic<bool> ready_ = true;
  std::unique_ptr<MetricsEndpoint> endpoint_;
};

TEST_F(MetricsEndpointTest, ServesTheMetricsOfTheServerAndNothingElse) {
  const std::string response = get("/metrics");

  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 ")) << response;
  EXPECT_NE(response.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(response.find("icebreaker_open 2.5\n"), std::string::npos);
  EXPECT_TRUE(response.ends_with("\r\n\r\n" + exposition_of(example())));
}

TEST_F(MetricsEndpointTest, TellsHealthAndReadiness) {
  EXPECT_TRUE(get("/healthz").ends_with("\r\n\r\nok\n"));
  EXPECT_TRUE(get("/readyz").ends_with("\r\n\r\nready\n"));

  ready_ = false;

  EXPECT_TRUE(get("/readyz").starts_with("HTTP/1.1 503 "));
  EXPECT_TRUE(get("/readyz").ends_with("\r\n\r\nstarting\n"));
  EXPECT_TRUE(get("/healthz").starts_with("HTTP/1.1 200 "));
}

TEST_F(MetricsEndpointTest, ServesNothingElse) {
  EXPECT_TRUE(get("/").starts_with("HTTP/1.1 404 ")) << get("/");
  EXPECT_TRUE(get("/metrics/x").starts_with("HTTP/1.1 404 ")) << get("/metrics/x");
  EXPECT_TRUE(http(endpoint_->address(), "POST /metrics").starts_with("HTTP/1.1 405 "));
}

TEST_F(MetricsEndpointTest, SaysWhichAddressIsInUse) {
  const auto second = MetricsEndpoint::start(endpoint_->address(), example, always_ready);

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(
      second.error(),
      "cannot listen on " + endpoint_->address().to_string() +
          ": Address already in use; stop the program that uses it, or change [metrics] address");
}

TEST(MetricsEndpoint, ListensOnIpv6) {
  const SocketAddress wanted{IpAddress::loopback(Family::V6), 0};
  if (const auto probe = net::open_tcp_listener(wanted, net::PortSharing::Exclusive);
      !probe && net::is_missing_ipv6(wanted, probe.error())) {
    GTEST_SKIP() << "this machine has no IPv6";
  }

  const auto endpoint = MetricsEndpoint::start(wanted, example, always_ready);

  ASSERT_TRUE(endpoint.has_value()) << endpoint.error();
  EXPECT_TRUE(http((*endpoint)->address(), "GET /healthz").starts_with("HTTP/1.1 200 "));
}

TEST(MetricsEndpoint, ServesMoreThanASocketTakesAtOnce) {
  const auto many = [] {
    MetricFamily family{"icebreaker_many", "Many.", MetricType::Gauge, {}};
    for (int i = 0; i < 100'000; ++i) {
      family.samples.push_back({{{"number", std::to_string(i)}}, 1, {}});
    }
    return MetricFamilies{family};
  };
  const auto endpoint =
      MetricsEndpoint::start({IpAddress::loopback(Family::V4), 0}, many, always_ready);
  ASSERT_TRUE(endpoint.has_value());

  const std::string response = http((*endpoint)->address(), "GET /metrics");

  const std::size_t body = response.find("\r\n\r\n") + 4;
  EXPECT_NE(response.find("Content-Length: " + std::to_string(response.size() - body)),
            std::string::npos);
  EXPECT_NE(response.find("number=\"99999\""), std::string::npos);
}

TEST(MetricsEndpoint, StopsUnderAConnectionThatSaysNothing) {
  auto endpoint =
      MetricsEndpoint::start({IpAddress::loopback(Family::V4), 0}, example, always_ready);
  ASSERT_TRUE(endpoint.has_value());
  const net::UniqueFd silent = connect_to((*endpoint)->address());
  EXPECT_TRUE(http((*endpoint)->address(), "GET /healthz").starts_with("HTTP/1.1 200 "));

  endpoint->reset();

  char byte = 0;
  EXPECT_EQ(::recv(silent.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace icebreaker::service
