#include "collector/head_changes.h"

#include <protozero/pbf_reader.hpp>

#include "traffic_event.pb.h"

namespace weir::collector {

HeadChanges::HeadChanges(std::string_view message) {
  protozero::pbf_reader reader(message.data(), message.size());
  while (reader.next()) {
    const bool is_text = reader.wire_type() == protozero::pbf_wire_type::length_delimited;
    const auto field = static_cast<int>(reader.tag());
    if (is_text && (field == proto::HeadChanges::kStepsFieldNumber || field == proto::HeadChanges::kTextFieldNumber)) {
      const protozero::data_view octets = reader.get_view();
      (field == proto::HeadChanges::kTextFieldNumber ? text_ : steps_) = {octets.data(), octets.size()};
    } else {
      reader.skip();
    }
  }
}

bool HeadChanges::fit(std::size_t head_bytes) const {
  std::uint64_t put_in = 0;
  std::uint64_t passed = 0;
  for_each_step([&](const Step& step) {
    put_in += step.put_in;
    passed += std::uint64_t{step.left_out} + step.copied;
  });
  return put_in == text_.size() && passed <= head_bytes;
}

bool HeadChanges::end_with(std::string_view octets) const {
  Step last;
  for_each_step([&](const Step& step) { last = step; });
  return last.copied == 0 && last.put_in >= octets.size() && text_.ends_with(octets);
}

}  // namespace weir::collector
