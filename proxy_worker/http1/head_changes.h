// What a head that was written for the next hop has of the one that was received, as both may be logged: most of it is the
// same, and is not logged twice. Filled in by the writers (head_writer.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::http1 {

class HeadChanges {
 public:
  // Forgets everything but its memory.
  void clear();

  // From the received head's beginning to the end, in the order of the written one. Octets are those of the received head
  // as it is logged.
  void put_in(std::string_view text);
  void leave_out(std::size_t octets);
  void copy(std::size_t octets);

  // In threes: so many octets of text() come next, then so many of the received head are left out, then so many of it follow.
  std::span<const std::uint32_t> steps() const { return steps_; }
  std::string_view text() const { return text_; }

 private:
  enum Part : std::size_t { PutIn, LeftOut, Copied, Parts };
  // The last step, or a new one when that has copied something already.
  void extend(Part part, std::size_t octets);

  std::vector<std::uint32_t> steps_;
  std::string text_;
};

}  // namespace weir::http1
