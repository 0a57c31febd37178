#include "common/service/command_line.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace icebreaker::service {
namespace {

constexpr std::string_view kDefaults = "workers = 4\n[log]\nlevel = \"error\"\n";

ProgramInfo info() {
  return {"icebreaker-test", "test", "A server.", {{"--insecure", "For labs."}}};
}

struct Outcome {
  int status = -1;
  bool served = false;
  std::int64_t workers = 0;
  bool insecure = false;
  std::string out;
  std::string err;
};

Outcome run(std::vector<const char*> arguments, std::string_view defaults = kDefaults) {
  arguments.insert(arguments.begin(), "icebreaker-test");
  Outcome result;
  const ServerMain server{info(), defaults,
                          [&](const ConfigSection& root, const CommandLine& command_line) {
                            result.workers = root.integer("workers", 1, {});
                            result.insecure = command_line.has("--insecure");
                          },
                          [&](Log&, const CommandLine&) -> int {
                            result.served = true;
                            if (result.workers == 13) throw StartError("cannot listen: in use");
                            return kExitClean;
                          }};
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  result.status = run_server(server, arguments);
  result.out = testing::internal::GetCapturedStdout();
  result.err = testing::internal::GetCapturedStderr();
  return result;
}

TEST(CommandLine, ServesWithTheBuiltInConfiguration) {
  const Outcome result = run({});

  EXPECT_EQ(result.status, kExitClean);
  EXPECT_TRUE(result.served);
  EXPECT_EQ(result.workers, 4);
  EXPECT_FALSE(result.insecure);
}

TEST(CommandLine, TakesTheFlagsOfAServer) {
  EXPECT_TRUE(run({"--insecure"}).insecure);
}

TEST(CommandLine, PrintsTheBuiltInConfiguration) {
  const Outcome result = run({"--print-default-config"});

  EXPECT_EQ(result.status, kExitClean);
  EXPECT_EQ(result.out, kDefaults);
  EXPECT_FALSE(result.served);
}

TEST(CommandLine, ChecksAConfigurationWithoutServing) {
  const Outcome result = run({"--check-config"});

  EXPECT_EQ(result.status, kExitClean);
  EXPECT_EQ(result.out, "built-in default: the configuration is good\n");
  EXPECT_FALSE(result.served);
}

TEST(CommandLine, PrintsVersionAndHelp) {
  EXPECT_EQ(run({"--version"}).out, std::string{"icebreaker-test "} + ICEBREAKER_VERSION + "\n");
  EXPECT_EQ(run({"--version"}).status, kExitClean);
  const Outcome help = run({"--help"});
  EXPECT_EQ(help.status, kExitClean);
  for (const char* flag :
       {"--config", "--check-config", "--print-default-config", "--log-level", "--insecure"}) {
    EXPECT_NE(help.out.find(flag), std::string::npos) << flag;
  }
}

TEST(CommandLine, RefusesWhatItDoesNotKnowWithStatusTwoAndOneLine) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"--nonsense"}, {"--log-level", "loud"}, {"stray"}, {"--config"}}) {
    const Outcome result = run(arguments);

    EXPECT_EQ(result.status, kExitUsage);
    EXPECT_FALSE(result.served);
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    EXPECT_TRUE(result.err.starts_with("icebreaker-test: ")) << result.err;
  }
}

TEST(CommandLine, RefusesABadConfigurationWithStatusTwo) {
  const Outcome result = run({}, "wrokers = 3\n");

  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_EQ(result.err, "built-in default:1: wrokers: unknown key; did you mean `workers`?\n");
  EXPECT_FALSE(result.served);
}

TEST(CommandLine, TurnsAStartErrorIntoOneErrorLineAndStatusOne) {
  const Outcome result = run({}, "workers = 13\n");

  EXPECT_EQ(result.status, kExitFailed);
  EXPECT_TRUE(result.err.ends_with("ERROR test: cannot listen: in use\n")) << result.err;
}

}  // namespace
}  // namespace icebreaker::service
