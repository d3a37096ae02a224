// Walks through the fields of an encoded protobuf message without copying them. For events only: there are many, most of
// one is text that is used once, and protobuf's own parser would copy all of it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir::collector {

struct WireField {
  std::uint32_t number = 0;
  bool is_number = false;
  std::uint64_t value = 0;  // of a number
  std::string_view octets;  // of anything else; borrowed
};

class WireFields {
 public:
  explicit WireFields(std::span<const std::byte> message)
      : at_(reinterpret_cast<const char*>(message.data())), end_(at_ + message.size()) {}

  // The next field that is a varint or octets; others are passed over. Nothing at the end, or where the message is
  // malformed; is_whole() tells which.
  std::optional<WireField> next();
  bool is_whole() const { return is_whole_; }

 private:
  std::optional<std::uint64_t> varint();
  std::optional<std::uint64_t> length_of(unsigned type);
  std::optional<WireField> fail();

  const char* at_;
  const char* end_;
  bool is_whole_ = true;
};

}  // namespace weir::collector
