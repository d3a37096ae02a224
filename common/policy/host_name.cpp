#include "common/policy/host_name.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "common/base/ip_address.h"

namespace weir::policy {

namespace {

struct Idn2Free {
  void operator()(char* text) const { ::idn2_free(text); }
};

}  // namespace

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return lower;
}

std::optional<std::string> to_a_labels(std::string_view name) {
  if (is_ascii(name)) {
    return to_lower(name);
  }
  char* converted = nullptr;
  if (::idn2_to_ascii_8z(std::string(name).c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) {
    return std::nullopt;
  }
  const std::unique_ptr<char, Idn2Free> owner(converted);
  return to_lower(converted);
}

std::optional<std::string> normalized_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.find('\0') != std::string_view::npos || host.size() > kHostNameOctetsMax * 4) {
    return std::nullopt;  // Four octets of UTF-8 can become less than one of an A-label, never more than four.
  }
  auto name = to_a_labels(host);
  if (name && name->ends_with('.')) {
    name->pop_back();
  }
  if (!name || name->empty() || name->size() > kHostNameOctetsMax) {
    return std::nullopt;
  }
  if (const auto address = base::IpAddress::parse(*name)) {
    return address->to_string();
  }
  return name;
}

}  // namespace weir::policy
