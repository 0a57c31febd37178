#include "common/service/config_file.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "common/service/common_config.hpp"

namespace icebreaker::service {
namespace {

using namespace std::chrono_literals;

ConfigSection parse(std::string_view text) {
  return ConfigFile::parse("x.toml", text).root();
}

template <class Read>
std::string error_of(Read read) {
  try {
    read();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

std::string unknown_key_error(std::string_view text, std::vector<std::string_view> asked) {
  const ConfigFile file = ConfigFile::parse("x.toml", text);
  for (const std::string_view each : asked) static_cast<void>(file.root().has(each));
  return error_of([&] { file.finish(); });
}

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content)
      : path_{testing::TempDir() + "icebreaker-" + std::to_string(::getpid()) + "-secret"} {
    std::ofstream{path_} << content;
  }

  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  TemporaryFile(TemporaryFile&&) = delete;
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  ~TemporaryFile() { std::remove(path_.c_str()); }

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ConfigFile, ReadsEveryKindOfValue) {
  const auto root = parse(R"(
name = "n"
count = 7
on = true
hold_ms = 20000
ttl_s = 3600
words = ["a", "b"]
allow = ["10.0.0.0/8", "fd00::/8"]
address = "[::1]:3478"
relays = ["192.0.2.1"]
ports = "49152-65535"
)");

  EXPECT_EQ(root.text("name", ""), "n");
  EXPECT_EQ(root.integer("count", 0, {}), 7);
  EXPECT_TRUE(root.boolean("on", false));
  EXPECT_EQ(root.duration("hold_ms", 0ms, {}), 20s);
  EXPECT_EQ(root.duration("ttl_s", 0ms, {}), 1h);
  EXPECT_EQ(root.texts("words"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(root.cidrs("allow").at(1).to_string(), "fd00::/8");
  EXPECT_EQ(root.required_socket_address("address").to_string(), "[::1]:3478");
  EXPECT_EQ(root.ip_addresses("relays").at(0).to_string(), "192.0.2.1");
  EXPECT_EQ(root.ports("ports", {}).first, 49152);
  EXPECT_EQ(root.ports("ports", {}).last, 65535);
}

TEST(ConfigFile, YieldsDefaultsForAbsentKeysAndAbsentSections) {
  const auto limits = parse("").section("limits");

  EXPECT_EQ(limits.text("a", "d"), "d");
  EXPECT_EQ(limits.integer("b", 5, {}), 5);
  EXPECT_FALSE(limits.boolean("c", false));
  EXPECT_EQ(limits.duration("d_s", 3s, {}), 3s);
  EXPECT_TRUE(limits.texts("e").empty());
  EXPECT_FALSE(limits.socket_address("f").has_value());
  EXPECT_TRUE(limits.sections("g").empty());
  EXPECT_FALSE(limits.secret("h").has_value());
  EXPECT_EQ(limits.ports("i", {1, 2}).last, 2);
}

TEST(ConfigFile, NamesFileLineAndFullKeyInErrors) {
  const auto root = parse("\n[limits]\nallocations = \"many\"\n");
  const auto limits = root.section("limits");

  EXPECT_EQ(error_of([&] { static_cast<void>(limits.integer("allocations", 0, {})); }),
            "x.toml:3: limits.allocations: must be a whole number");
}

TEST(ConfigFile, RefusesNumbersOutOfRange) {
  const auto root = parse("workers = 2000\nhold_ms = 0\nburst = -1\n");

  EXPECT_EQ(error_of([&] { static_cast<void>(root.integer("workers", 0, {0, 1024})); }),
            "x.toml:1: workers: 2000 is out of range: 0 to 1024");
  EXPECT_EQ(error_of([&] { static_cast<void>(root.duration("hold_ms", 1s, {1s, 2s})); }),
            "x.toml:2: hold_ms: 0 is out of range: 1000 to 2000");
  EXPECT_EQ(error_of([&] { static_cast<void>(root.integer("burst", 0, {})); }),
            "x.toml:3: burst: -1 is out of range: at least 0");
}

TEST(ConfigFile, RefusesValuesOfAnotherType) {
  const auto root = parse("a = 1\nb = \"yes\"\nc = \"x\"\nd = [1]\ne = 1.5\nf = 3\n");

  EXPECT_EQ(error_of([&] { static_cast<void>(root.find_text("a")); }),
            "x.toml:1: a: must be a text in quotes");
  EXPECT_EQ(error_of([&] { static_cast<void>(root.boolean("b", true)); }),
            "x.toml:2: b: must be true or false");
  EXPECT_EQ(error_of([&] { static_cast<void>(root.texts("c")); }),
            "x.toml:3: c: must be a list of texts: [\"…\", \"…\"]");
  EXPECT_EQ(error_of([&] { static_cast<void>(root.texts("d")); }),
            "x.toml:4: d: every element must be a text in quotes");
  EXPECT_EQ(error_of([&] { static_cast<void>(root.integer("e", 0, {})); }),
            "x.toml:5: e: must be a whole number");
  EXPECT_EQ(error_of([&] { static_cast<void>(root.section("f")); }),
            "x.toml:6: f: must be a section: [f]");
  EXPECT_EQ(error_of([&] { static_cast<void>(root.sections("f")); }),
            "x.toml:6: f: must be a list of sections: [[f]]");
}

TEST(ConfigFile, RefusesAddressesThatAreNone) {
  const auto root = parse(
      "a = \"localhost:1\"\nb = [\"10.0.0.1/8\"]\nc = [\"1.2.3\"]\nd = \"9-1\"\ne = \"0-5\"\n");

  EXPECT_TRUE(error_of([&] {
                static_cast<void>(root.socket_address("a"));
              }).starts_with("x.toml:1: a: `localhost:1` is not an address and a port"));
  EXPECT_EQ(
      error_of([] {
        static_cast<void>(parse("a = \"[::ffff:192.0.2.1]:80\"\n").required_socket_address("a"));
      }),
      "x.toml:1: a: `[::ffff:192.0.2.1]:80` is an IPv4 address in IPv6 form; write "
      "\"192.0.2.1:80\"");
  EXPECT_TRUE(error_of([&] {
                static_cast<void>(root.cidrs("b"));
              }).starts_with("x.toml:2: b: `10.0.0.1/8` is not a network"));
  EXPECT_TRUE(error_of([&] {
                static_cast<void>(root.ip_addresses("c"));
              }).starts_with("x.toml:3: c: `1.2.3` is not an IPv4 or IPv6 address"));
  EXPECT_TRUE(error_of([&] {
                static_cast<void>(root.ports("d", {}));
              }).starts_with("x.toml:4: d: `9-1` is not a range of ports"));
  EXPECT_TRUE(error_of([&] {
                static_cast<void>(root.ports("e", {}));
              }).starts_with("x.toml:5: e: `0-5` is not a range of ports"));
}

TEST(ConfigFile, SuggestsTheNearestKeyForAnUnknownOne) {
  EXPECT_EQ(unknown_key_error("realm = \"a\"\nwokers = 2\n", {"realm", "workers"}),
            "x.toml:2: wokers: unknown key; did you mean `workers`?");
  EXPECT_EQ(unknown_key_error("[metrcis]\nx = 1\n", {"metrics"}),
            "x.toml:1: metrcis: unknown section; did you mean `metrics`?");
  EXPECT_EQ(unknown_key_error("zzz = 1\n", {"workers"}), "x.toml:1: zzz: unknown key");
  EXPECT_EQ(unknown_key_error("workers = 1\n", {"workers"}), "no error");
}

TEST(ConfigFile, FindsUnknownKeysInsideListsOfSections) {
  const ConfigFile file =
      ConfigFile::parse("x.toml", "[[ice.turn]]\nurls = []\n[[ice.turn]]\nsecert = \"a\"\n");
  for (const auto& turn : file.root().section("ice").sections("turn")) {
    static_cast<void>(turn.texts("urls"));
    static_cast<void>(turn.secret("secret"));
  }

  EXPECT_EQ(error_of([&] { file.finish(); }),
            "x.toml:4: ice.turn.secert: unknown key; did you mean `secret`?");
}

TEST(ConfigFile, SaysWhichKeyIsMissingAndWhichLooksLikeIt) {
  const auto root = parse("[auth]\nreelm = \"a\"\n");
  const auto auth = root.section("auth");

  EXPECT_EQ(error_of([&] { static_cast<void>(auth.required_text("realm")); }),
            "x.toml:1: auth.realm: is missing; `reelm` looks like a misspelling of it");
  EXPECT_EQ(error_of([&] { static_cast<void>(auth.required_text("name")); }),
            "x.toml:1: auth.name: is missing");
}

TEST(ConfigFile, OffersTheWordsOfAChoice) {
  const auto root = parse("format = \"jsn\"\n");

  EXPECT_EQ(
      error_of([&] { static_cast<void>(root.choice("format", 1, {{"text", 1}, {"json", 2}})); }),
      "x.toml:1: format: `jsn` is none of `text`, `json`; did you mean `json`?");
}

TEST(ConfigFile, SaysWhereTheTextIsNotToml) {
  const std::string error = error_of([] { ConfigFile::parse("x.toml", "a = 1\nb = = 2\n"); });

  EXPECT_TRUE(error.starts_with("x.toml:2: not TOML: ")) << error;
}

TEST(ConfigFile, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(error_of([] { ConfigFile::open("/nonexistent/turn.toml"); }),
            "/nonexistent/turn.toml: cannot read the configuration: No such file or directory");
  EXPECT_EQ(error_of([] { ConfigFile::open("/tmp"); }),
            "/tmp: cannot read the configuration: is a directory");
  EXPECT_EQ(error_of([] { ConfigFile::open("/dev/zero"); }),
            "/dev/zero: cannot read the configuration: is larger than 1 MiB");
}

TEST(ConfigFile, ReadsSecretsFromAFile) {
  const TemporaryFile file{"one\n\ntwo\r\n"};
  const auto root = parse("secrets = [\"zero\"]\nsecrets_file = \"" + file.path() + "\"\n");

  EXPECT_EQ(root.secrets("secrets"), (std::vector<std::string>{"zero", "one", "two"}));
}

TEST(ConfigFile, ReadsOneSecretInlineOrFromAFileButNotBoth) {
  const TemporaryFile file{"s3cret\n"};
  const std::string from_file = "secret_file = \"" + file.path() + "\"\n";

  EXPECT_EQ(parse(from_file).secret("secret"), "s3cret");
  EXPECT_EQ(parse("secret = \"inline\"\n").secret("secret"), "inline");
  EXPECT_EQ(
      error_of([&] { static_cast<void>(parse("secret = \"a\"\n" + from_file).secret("secret")); }),
      "x.toml:2: secret_file: give either `secret` or `secret_file`, not both");
  EXPECT_EQ(error_of([] {
              static_cast<void>(parse("secret_file = \"/nonexistent\"\n").secret("secret"));
            }),
            "x.toml:1: secret_file: cannot read /nonexistent: No such file or directory");
}

TEST(CommonConfig, ReadsListeners) {
  const auto root = parse(R"(
[[listen]]
transport = "udp"
address = "0.0.0.0:3478"
[[listen]]
transport = "tcp"
address = "0.0.0.0:3478"
)");

  const auto listeners = read_listeners(root, {Transport::Udp, Transport::Tcp});

  ASSERT_EQ(listeners.size(), 2U);
  EXPECT_EQ(listeners[1].transport, Transport::Tcp);
  EXPECT_EQ(listeners[1].address.to_string(), "0.0.0.0:3478");
  EXPECT_EQ(listeners[1].line, 5);
}

TEST(CommonConfig, RefusesListenersThatCannotWork) {
  const auto error = [](std::string_view text) {
    return error_of([&] { read_listeners(parse(text), {Transport::Udp, Transport::Dtls}); });
  };

  EXPECT_EQ(error(""),
            "x.toml:1: listen: is missing: add [[listen]] with `transport` and `address`");
  EXPECT_EQ(error("[[listen]]\ntransport = \"udp\"\naddress = \"[::]:1\"\n"
                  "[[listen]]\ntransport = \"dtls\"\naddress = \"[::]:1\"\n"),
            "x.toml:6: listen.address: [::]:1 (dtls) is already taken by the listener of line 1");
  EXPECT_EQ(error("[[listen]]\ntransport = \"tcp\"\naddress = \"[::]:1\"\n"),
            "x.toml:2: listen.transport: tcp is not supported here; supported: udp, dtls");
  EXPECT_EQ(error("[[listen]]\naddress = \"[::]:1\"\n"), "x.toml:1: listen.transport: is missing");
}

TEST(CommonConfig, AllowsSeveralListenersOnPortZero) {
  const auto root = parse(
      "listen = [{ transport = \"udp\", address = \"[::1]:0\" },"
      "{ transport = \"udp\", address = \"[::1]:0\" }]\n");

  EXPECT_EQ(read_listeners(root, {Transport::Udp}).size(), 2U);
}

TEST(CommonConfig, ReadsLogMetricsAndWorkers) {
  const auto root = parse(
      "workers = 3\n[log]\nlevel = \"debug\"\nformat = \"json\"\n"
      "[metrics]\naddress = \"127.0.0.1:0\"\n");

  EXPECT_EQ(read_log_config(root).level, LogLevel::Debug);
  EXPECT_EQ(read_log_config(root).format, LogFormat::Json);
  EXPECT_EQ(read_metrics_address(root)->port, 0);
  EXPECT_EQ(read_workers(root), 3U);
  EXPECT_FALSE(read_metrics_address(parse("")).has_value());
  EXPECT_GE(read_workers(parse("workers = 0")), 1U);
}

}  // namespace
}  // namespace icebreaker::service
