#include "tests/unit/signaling/state/blocking_link.hpp"

#include <stdexcept>
#include <utility>

#include <hiredis/hiredis.h>

namespace icebreaker::signaling::testing {
namespace {

constexpr std::string_view kMarker = "!settled";

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

using Reply = std::unique_ptr<redisReply, FreeReply>;

}  // namespace

BlockingLink::BlockingLink(const std::string& socket_path)
    : socket_path_{socket_path}, digests_(kScriptCount) {
  open_commands();
}

void BlockingLink::open_commands() {
  commands_ = open(socket_path_);
  for (const auto& [script, text] : script_sources()) {
    const RedisReply digest = command({"SCRIPT", "LOAD", std::string{text}});
    digests_.at(static_cast<std::size_t>(script)) = *digest.string();
  }
}

BlockingLink::~BlockingLink() = default;

void BlockingLink::FreeContext::operator()(redisContext* context) const {
  redisFree(context);
}

BlockingLink::Context BlockingLink::open(const std::string& socket_path) {
  Context context{redisConnectUnix(socket_path.c_str())};
  if (context == nullptr || context->err != 0) throw std::runtime_error{"cannot connect to Redis"};
  redisSetTimeout(context.get(), {.tv_sec = 20, .tv_usec = 0});
  return context;
}

void BlockingLink::connect(Now now, std::string incarnation) {
  open_commands();
  incarnation_ = std::move(incarnation);
  messages_ = open(socket_path_);
  run(*messages_, {"SUBSCRIBE", "ib:n:" + incarnation_});
  is_up_ = true;
  listener_->on_up(now, incarnation_);
}

void BlockingLink::cut(Now now) {
  is_up_ = false;
  for (auto& [done, result] : completions_) result = std::unexpected(StateError::Unavailable);
  deliver(now);
  messages_.reset();
  listener_->on_down(now);
}

void BlockingLink::call(Script script, std::vector<std::string> arguments, Done done) {
  std::expected<RedisReply, StateError> result = std::unexpected(StateError::Unavailable);
  if (is_up_ && !std::exchange(refuses_, false)) {
    arguments.insert(arguments.begin(),
                     {"EVALSHA", digests_.at(static_cast<std::size_t>(script)), "0"});
    result = run_script(arguments);
  }
  completions_.emplace_back(std::move(done), std::move(result));
}

std::expected<RedisReply, StateError> BlockingLink::run_script(
    const std::vector<std::string>& words) {
  try {
    return command(words);
  } catch (const std::runtime_error& error) {
    if (std::string_view{error.what()}.find("OOM") == std::string_view::npos) throw;
    return std::unexpected(StateError::Unavailable);
  }
}

void BlockingLink::deliver(Now now) {
  do {
    while (!completions_.empty()) {
      auto [done, result] = std::move(completions_.front());
      completions_.pop_front();
      done(now, std::move(result));
    }
  } while (is_up_ && (deliver_messages(now) || !completions_.empty()));
}

bool BlockingLink::deliver_messages(Now now) {
  command({"PUBLISH", "ib:n:" + incarnation_, std::string{kMarker}});
  bool any = false;
  while (true) {
    void* raw = nullptr;
    if (redisGetReply(messages_.get(), &raw) != REDIS_OK)
      throw std::runtime_error{messages_->errstr};
    const RedisReply message = value_of(*Reply{static_cast<redisReply*>(raw)});
    const std::string* payload = message.array()->at(2).string();
    if (*payload == kMarker) return any;
    any = true;
    listener_->on_message(now, *payload);
  }
}

RedisReply BlockingLink::command(const std::vector<std::string>& words) {
  return run(*commands_, words);
}

RedisReply BlockingLink::run(redisContext& context, const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  const Reply reply{static_cast<redisReply*>(
      redisCommandArgv(&context, static_cast<int>(words.size()), texts.data(), sizes.data()))};
  if (reply == nullptr) throw std::runtime_error{context.errstr};
  if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error{reply->str};
  return value_of(*reply);
}

RedisReply BlockingLink::value_of(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return {std::int64_t{reply.integer}};
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return {std::string{reply.str, static_cast<std::size_t>(reply.len)}};
    case REDIS_REPLY_ARRAY: {
      RedisReply::Array elements;
      for (std::size_t i = 0; i < reply.elements; ++i)
        elements.push_back(value_of(*reply.element[i]));
      return {std::move(elements)};
    }
    default:
      return {};
  }
}

}  // namespace icebreaker::signaling::testing
