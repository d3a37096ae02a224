// Text that grows at its end by whole values: room is made once for a value, which is then written without further
// checks. Owned by the JsonLog.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace weir::collector {

class LineBuffer {
 public:
  std::size_t size() const { return size_; }
  bool is_empty() const { return size_ == 0; }
  std::size_t capacity() const { return capacity_; }
  const char* data() const { return octets_.get(); }
  std::string_view text() const { return {octets_.get(), size_}; }

  // Where the text ends, with room for `octets_max` behind it. finish_append() says how much of that is text.
  char* begin_append(std::size_t octets_max) {
    if (octets_max > capacity_ - size_) {
      grow(octets_max);
    }
    return octets_.get() + size_;
  }
  void finish_append(const char* end) { size_ = static_cast<std::size_t>(end - octets_.get()); }

  void append(std::string_view octets) {
    char* end = begin_append(octets.size());
    std::memcpy(end, octets.data(), octets.size());
    finish_append(end + octets.size());
  }

  // Forgets the text; its memory is kept.
  void clear() { size_ = 0; }

 private:
  void grow(std::size_t octets_max) {
    const std::size_t capacity = std::max(2 * capacity_, size_ + octets_max);
    std::unique_ptr<char[]> octets(new char[capacity]);  // not make_unique: that fills it with zeros
    if (size_ > 0) {
      std::memcpy(octets.get(), octets_.get(), size_);
    }
    octets_ = std::move(octets);
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> octets_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace weir::collector
