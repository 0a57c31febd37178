// What every function of the C interface does with its arguments, results and exceptions.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/c_api/icebreaker.h"

namespace icebreaker::c_api {

inline ByteView bytes_from(const void* data, std::size_t length) {
  return {static_cast<const std::byte*>(data), length};
}

inline std::string_view text_from(const char* data, std::size_t length) {
  return {data, length};
}

inline bool missing(const void* data, std::size_t length) {
  return data == nullptr && length > 0;
}

// A buffer that cannot be written to whatever the text is.
inline bool unusable(const icebreaker_text* text) {
  return text == nullptr || missing(text->data, text->capacity);
}

inline bool fits(const icebreaker_text& target, std::string_view text) {
  return text.size() < target.capacity;
}

// Hidden: a part of the library, not of its interface.
[[gnu::visibility("hidden")]] icebreaker_status write_text(icebreaker_text& target,
                                                           std::string_view text);

// Runs the body of a C function; the only exceptions in these layers are those of allocation.
template <class Body>
icebreaker_status guarded(const Body& body) noexcept {
  try {
    return body();
  } catch (...) {
    return ICEBREAKER_OUT_OF_MEMORY;
  }
}

}  // namespace icebreaker::c_api
