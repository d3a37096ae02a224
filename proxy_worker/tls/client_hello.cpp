#include "proxy_worker/tls/client_hello.h"

#include <algorithm>

namespace weir::tls {

namespace {

constexpr std::size_t kRecordHeaderBytes = 5;
constexpr std::size_t kHandshakeHeaderBytes = 4;
constexpr std::size_t kFragmentBytesMax = 1u << 14;  // RFC 8446 section 5.1
constexpr unsigned kHandshakeRecord = 22;
constexpr unsigned kClientHello = 1;
constexpr unsigned kServerNameExtension = 0;
constexpr unsigned kAlpnExtension = 16;
constexpr unsigned kSupportedVersionsExtension = 43;
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kServerNameBytesMax = 255;
constexpr std::size_t kAlpnBytesMax = 128;

unsigned octet_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

// Takes numbers and vectors (RFC 8446 section 3.4) from the front of a message; once something is missing, nothing more.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool is_sound() const { return is_sound_; }
  bool is_at_end() const { return rest_.empty() || !is_sound_; }

  unsigned number(std::size_t octets) {
    unsigned value = 0;
    for (const char octet : octets_of(octets)) {
      value = value << 8 | static_cast<unsigned char>(octet);
    }
    return value;
  }
  std::string_view octets_of(std::size_t count) {
    if (count > rest_.size()) {
      is_sound_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  // A vector whose length stands before it in `length_octets` octets.
  std::string_view vector(std::size_t length_octets) { return octets_of(number(length_octets)); }

 private:
  std::string_view rest_;
  bool is_sound_ = true;
};

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// Values that clients make up so that servers get used to unknown ones (RFC 8701).
bool is_grease(unsigned value) { return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff); }

bool take_server_names(std::string_view extension, std::string& out) {
  Cursor cursor(extension);
  Cursor names(cursor.vector(2));
  while (!names.is_at_end()) {
    const unsigned type = names.number(1);
    const std::string_view name = names.vector(2);
    if (type == 0 && out.empty() && name.size() <= kServerNameBytesMax && is_printable(name)) {
      out = name;
    }
  }
  return cursor.is_sound() && names.is_sound();
}

bool take_protocols(std::string_view extension, std::string& out) {
  Cursor cursor(extension);
  Cursor protocols(cursor.vector(2));
  while (!protocols.is_at_end()) {
    const std::string_view protocol = protocols.vector(1);
    if (!protocol.empty() && is_printable(protocol) && out.size() + protocol.size() < kAlpnBytesMax) {
      out.append(out.empty() ? "" : ",").append(protocol);
    }
  }
  return cursor.is_sound() && protocols.is_sound();
}

bool take_versions(std::string_view extension, std::uint16_t& highest) {
  Cursor cursor(extension);
  Cursor versions(cursor.vector(1));
  highest = 0;
  while (!versions.is_at_end()) {
    const unsigned version = versions.number(2);
    if (!is_grease(version)) {
      highest = std::max(highest, static_cast<std::uint16_t>(version));
    }
  }
  return cursor.is_sound() && versions.is_sound();
}

}  // namespace

std::string version_text(std::uint16_t version) {
  switch (version) {
    case 0:
      return {};
    case 0x0300:
      return "SSL 3.0";
    default:
      return version >> 8 == 3 ? "TLS 1." + std::to_string((version & 0xff) - 1) : "unknown";
  }
}

bool parse_client_hello(std::string_view body, ClientHello& out) {
  out = {};
  Cursor hello(body);
  out.version = static_cast<std::uint16_t>(hello.number(2));
  (void)hello.octets_of(kRandomBytes);
  (void)hello.vector(1);  // session id
  (void)hello.vector(2);  // cipher suites
  (void)hello.vector(1);  // compression methods
  if (!hello.is_sound() || hello.is_at_end()) {
    return hello.is_sound();  // Before TLS 1.2 there need not be extensions.
  }
  Cursor extensions(hello.vector(2));
  bool is_sound = true;
  while (!extensions.is_at_end()) {
    const unsigned type = extensions.number(2);
    const std::string_view extension = extensions.vector(2);
    if (type == kServerNameExtension) {
      is_sound = is_sound && take_server_names(extension, out.server_name);
    } else if (type == kAlpnExtension) {
      is_sound = is_sound && take_protocols(extension, out.alpn);
    } else if (type == kSupportedVersionsExtension) {
      is_sound = is_sound && take_versions(extension, out.version);
    }
  }
  return is_sound && hello.is_sound() && extensions.is_sound();
}

// TLSPlaintext: type, legacy version, length (RFC 8446 section 5.1).
ClientHelloReader::Result ClientHelloReader::take_record_header(char octet) {
  header_.push_back(octet);
  const bool is_handshake = octet_at(header_, 0) == kHandshakeRecord && (header_.size() < 2 || octet_at(header_, 1) == 3);
  if (!is_handshake) {
    return Result::NotTls;
  }
  if (header_.size() == kRecordHeaderBytes) {
    fragment_left_ = octet_at(header_, 3) << 8 | octet_at(header_, 4);
    header_.clear();
    return fragment_left_ > 0 && fragment_left_ <= kFragmentBytesMax ? Result::NeedsMore : Result::NotTls;
  }
  return Result::NeedsMore;
}

ClientHelloReader::Result ClientHelloReader::take_fragment(std::string_view& octets) {
  const std::size_t taken = std::min(fragment_left_, octets.size());
  message_.append(octets.substr(0, taken));
  octets.remove_prefix(taken);
  fragment_left_ -= taken;
  if (octet_at(message_, 0) != kClientHello) {
    return Result::NotTls;
  }
  if (message_.size() < kHandshakeHeaderBytes) {
    return Result::NeedsMore;
  }
  const std::size_t length = octet_at(message_, 1) << 16 | octet_at(message_, 2) << 8 | octet_at(message_, 3);
  if (length > kMessageBytesMax) {
    return Result::NotTls;
  }
  if (message_.size() < kHandshakeHeaderBytes + length) {
    return Result::NeedsMore;
  }
  const bool is_sound = parse_client_hello(std::string_view(message_).substr(kHandshakeHeaderBytes, length), hello_);
  std::string().swap(message_);
  return is_sound ? Result::Complete : Result::NotTls;
}

ClientHelloReader::Result ClientHelloReader::take(std::string_view octets) {
  while (!octets.empty() && result_ == Result::NeedsMore) {
    if (fragment_left_ > 0) {
      result_ = take_fragment(octets);
    } else {
      result_ = take_record_header(octets.front());
      octets.remove_prefix(1);
    }
  }
  return result_;
}

}  // namespace weir::tls
