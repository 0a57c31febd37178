// The bytes of an HTTP response that the network has not taken yet. We write them ourselves:
// libwebsockets 4.1 keeps what a socket does not take, but goes on polling for input that it does
// not read meanwhile, and so spins while a client pipelines requests and reads no answers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/bytes.hpp"
#include "common/net/write_some.hpp"

namespace icebreaker::signaling {

class Outgoing {
 public:
  enum class Progress : std::uint8_t { Done, Blocked, Broken };

  void put(std::string text) {
    // A stream does not keep what went long ago.
    if (sent_ >= text_.size() / 2) text_.erase(0, std::exchange(sent_, 0));
    if (text_.empty()) {
      text_ = std::move(text);
    } else {
      text_.append(text);
    }
  }

  // After the text, which then may not grow any more.
  void put(std::shared_ptr<const std::string> shared) { shared_ = std::move(shared); }

  [[nodiscard]] std::size_t size() const {
    return text_.size() + (shared_ ? shared_->size() : 0) - sent_;
  }

  Progress write(int fd, ssl_st* tls) {
    while (size() != 0) {
      const std::string_view next = rest();
      const auto taken = net::write_some(fd, tls, bytes_of(next));
      if (!taken) return Progress::Broken;
      sent_ += *taken;
      if (*taken < next.size()) return Progress::Blocked;
    }
    *this = {};
    return Progress::Done;
  }

 private:
  [[nodiscard]] std::string_view rest() const {
    if (sent_ < text_.size()) return std::string_view{text_}.substr(sent_);
    return std::string_view{*shared_}.substr(sent_ - text_.size());
  }

  std::string text_;
  std::shared_ptr<const std::string> shared_;
  std::size_t sent_ = 0;  // of both
};

}  // namespace icebreaker::signaling
