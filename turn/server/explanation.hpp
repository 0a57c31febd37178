// What the log says to an operator about something that did not work.
#pragma once

#include <string>

namespace icebreaker::turn {

// In words, for somebody who does not know the RFC.
struct Explanation {
  std::string why;
  std::string advice;
};

}  // namespace icebreaker::turn
