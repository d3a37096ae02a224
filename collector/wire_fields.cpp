#include "collector/wire_fields.h"

namespace weir::collector {

namespace {

// Protocol Buffers, "Encoding": the low three bits of a tag.
enum WireType : unsigned { kVarint = 0, kFixed64 = 1, kOctets = 2, kFixed32 = 5 };

constexpr unsigned kVarintBytesMax = 10;

}  // namespace

std::optional<std::uint64_t> WireFields::varint() {
  std::uint64_t value = 0;
  for (unsigned index = 0; index < kVarintBytesMax && at_ != end_; ++index) {
    const auto octet = static_cast<unsigned char>(*at_++);
    value |= static_cast<std::uint64_t>(octet & 0x7F) << (7 * index);
    if (octet < 0x80) {
      return value;
    }
  }
  return std::nullopt;
}

// How many octets the value of a field of this type takes; nothing for a type that is not one.
std::optional<std::uint64_t> WireFields::length_of(unsigned type) {
  switch (type) {
    case kOctets:
      return varint();
    case kFixed64:
      return 8;
    case kFixed32:
      return 4;
    default:
      return std::nullopt;
  }
}

std::optional<WireField> WireFields::next() {
  while (is_whole_ && at_ != end_) {
    const auto tag = varint();
    if (!tag || *tag >> 3 == 0 || *tag > UINT32_MAX) {
      return fail();
    }
    WireField field{static_cast<std::uint32_t>(*tag >> 3), false, 0, {}};
    const unsigned type = *tag & 7;
    const auto number = type == kVarint ? varint() : length_of(type);
    if (!number) {
      return fail();
    }
    if (type == kVarint) {
      field.is_number = true;
      field.value = *number;
      return field;
    }
    if (*number > static_cast<std::uint64_t>(end_ - at_)) {
      return fail();
    }
    field.octets = {at_, static_cast<std::size_t>(*number)};
    at_ += *number;
    if (type == kOctets) {
      return field;
    }
  }
  return std::nullopt;
}

std::optional<WireField> WireFields::fail() {
  is_whole_ = false;
  return std::nullopt;
}

}  // namespace weir::collector
