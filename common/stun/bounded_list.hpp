// A list of at most Capacity small values, held in place: decoding a message must not allocate.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>

namespace icebreaker::stun {

template <class T, std::size_t Capacity>
class BoundedList {
 public:
  BoundedList() = default;

  // Values past the capacity are left out.
  BoundedList(std::initializer_list<T> values) {
    for (const T& value : values) push_back(value);
  }

  // False, and nothing kept, when full.
  bool push_back(const T& value) {
    if (size_ == Capacity) return false;
    values_[size_++] = value;
    return true;
  }

  [[nodiscard]] auto begin() const { return items().begin(); }

  [[nodiscard]] auto end() const { return items().end(); }

  [[nodiscard]] std::size_t size() const { return size_; }

  [[nodiscard]] bool empty() const { return size_ == 0; }

  [[nodiscard]] const T& operator[](std::size_t index) const { return items()[index]; }

  [[nodiscard]] std::span<const T> items() const { return std::span{values_}.first(size_); }

  bool operator==(const BoundedList& other) const {
    return std::ranges::equal(items(), other.items());
  }

 private:
  std::array<T, Capacity> values_{};
  std::size_t size_ = 0;
};

}  // namespace icebreaker::stun
