// A head as what became of another one (HeadChanges in proto/traffic_event.proto), read where it lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <protozero/varint.hpp>
#include <string_view>

namespace weir::collector {

class HeadChanges {
 public:
  struct Step {
    std::uint32_t put_in = 0;    // octets of text()
    std::uint32_t left_out = 0;  // octets of the other head
    std::uint32_t copied = 0;    // octets of the other head
  };

  // Made of nothing: an empty head.
  HeadChanges() = default;
  // Borrows the serialized message. Throws protozero::exception when it is damaged.
  explicit HeadChanges(std::string_view message);

  // Whether every step finds its octets, in a head of `head_bytes`, and all of text() is put in. Throws as the constructor does.
  bool fit(std::size_t head_bytes) const;
  // The rest is only of changes that fit.
  template <class Visit>
  void for_each_step(Visit visit) const {
    const char* at = steps_.data();
    const char* const end = at + steps_.size();
    while (at != end) {
      Step step;
      step.put_in = static_cast<std::uint32_t>(protozero::decode_varint(&at, end));
      step.left_out = static_cast<std::uint32_t>(protozero::decode_varint(&at, end));
      step.copied = static_cast<std::uint32_t>(protozero::decode_varint(&at, end));
      visit(step);
    }
  }
  std::string_view text() const { return text_; }
  // Whether the head ends with these octets, and they were put in by the last step.
  bool end_with(std::string_view octets) const;

 private:
  std::string_view steps_;  // varints
  std::string_view text_;
};

}  // namespace weir::collector
