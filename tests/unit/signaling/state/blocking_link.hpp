// A RedisLink that runs each script before call() returns and delivers completions and messages
// when the test says so. Can be cut like a network.
#pragma once

#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "signaling/state/redis/link.hpp"

struct redisContext;  // NOLINT(readability-identifier-naming): of hiredis
struct redisReply;    // NOLINT(readability-identifier-naming)

namespace icebreaker::signaling::testing {

class BlockingLink final : public RedisLink {
 public:
  explicit BlockingLink(const std::string& socket_path);
  BlockingLink(const BlockingLink&) = delete;
  BlockingLink& operator=(const BlockingLink&) = delete;
  BlockingLink(BlockingLink&&) = delete;
  BlockingLink& operator=(BlockingLink&&) = delete;
  ~BlockingLink() override;

  void set_listener(RedisLinkListener& listener) override { listener_ = &listener; }

  void call(Script script, std::vector<std::string> arguments, Done done) override;

  [[nodiscard]] bool is_up() const override { return is_up_; }

  [[nodiscard]] std::optional<std::string> unready_reason(Now /*now*/) const override {
    return is_up_ ? std::nullopt : std::optional<std::string>{"cut"};
  }

  void connect(Now now, std::string incarnation);
  // For commands only, and after Redis has restarted; connect() includes it.
  void open_commands();
  // What was called and not delivered completes Unavailable, as does what is called until
  // connect().
  void cut(Now now);

  // One call completes Unavailable, though nothing else is wrong.
  void refuse_next() { refuses_ = true; }

  // Completions and messages until there are no more.
  void deliver(Now now);

  // Any command, for the test's own questions.
  RedisReply command(const std::vector<std::string>& words);

 private:
  struct FreeContext {
    void operator()(redisContext* context) const;
  };

  using Context = std::unique_ptr<redisContext, FreeContext>;

  static Context open(const std::string& socket_path);
  static RedisReply value_of(const redisReply& reply);
  static RedisReply run(redisContext& context, const std::vector<std::string>& words);
  bool deliver_messages(Now now);
  // Unavailable when Redis is full; whatever else is wrong throws.
  std::expected<RedisReply, StateError> run_script(const std::vector<std::string>& words);

  std::string socket_path_;
  Context commands_;
  Context messages_;
  std::vector<std::string> digests_;  // of the scripts
  std::string incarnation_;
  RedisLinkListener* listener_ = nullptr;
  bool is_up_ = false;
  bool refuses_ = false;
  std::deque<std::pair<Done, std::expected<RedisReply, StateError>>> completions_;
};

}  // namespace icebreaker::signaling::testing
