// The first message of a TLS connection, read without decrypting anything: whom the client wants to speak to (RFC 6066
// section 3), which protocols it offers (RFC 7301) and which version (RFC 8446 section 4.2.1). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::tls {

struct ClientHello {
  std::string server_name;    // as it is written there; empty when there is none
  std::string alpn;           // protocol names in their order, comma-separated, what is not printable left out
  std::uint16_t version = 0;  // the highest offered: 0x0303 is TLS 1.2, 0x0304 TLS 1.3
};

// "TLS 1.3"; empty for 0.
std::string version_text(std::uint16_t version);

// Takes the octets that a client sends first, in any pieces.
class ClientHelloReader {
 public:
  // No client hello is larger; those with post-quantum key shares have about 2 KiB.
  static constexpr std::size_t kMessageBytesMax = 32 * 1024;

  enum class Result : std::uint8_t {
    NeedsMore,
    Complete,  // hello()
    NotTls,    // it is something else, or malformed
  };

  // After Complete or NotTls it is not called again.
  Result take(std::string_view octets);
  // What the last take() gave.
  Result result() const { return result_; }
  const ClientHello& hello() const { return hello_; }

 private:
  Result take_record_header(char octet);
  Result take_fragment(std::string_view& octets);

  std::string header_;         // of the record, as far as it has come
  std::size_t fragment_left_ = 0;
  std::string message_;        // handshake message, out of its records
  ClientHello hello_;
  Result result_ = Result::NeedsMore;
};

// Takes a whole ClientHello apart, without its handshake header. False when it is malformed.
[[nodiscard]] bool parse_client_hello(std::string_view body, ClientHello& out);

}  // namespace weir::tls
