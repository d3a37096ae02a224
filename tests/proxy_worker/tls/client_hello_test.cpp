#include "proxy_worker/tls/client_hello.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::tls {
namespace {

using Result = ClientHelloReader::Result;

// What OpenSSL 3.0 sends, record headers included.
constexpr const char* kModern =
    "1603010200010001fc03030ffa62ac7a5ed1bf0b51572c0575d8b22300d4158ec88fe9450cd94e69ae00fc2090e1ff32ef83cf42b905f115d5ba22b4"
    "9f4c193a23040bc516a97ee4da3579cc0024130213031301c02cc030c02bc02fcca9cca8c024c028c023c027009f009e006b006700ff0100018f0000"
    "0014001200000f7777772e6578616d706c652e636f6d000b000403000102000a00160014001d0017001e001900180100010101020103010400230000"
    "0010000e000c02683208687474702f312e310016000000170000000d002a0028040305030603080708080809080a080b080408050806040105010601"
    "030303010302040205020602002b00050403040303002d00020101003300260024001d002029692330bfb44d21dec14f8e4f8e9687eadd5d79452c5f"
    "3e90bedf3f683e3772001500cc0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000";
constexpr const char* kTls12 =
    "16030100af010000ab030373d77748e59b6294e727c58935071bb78f1ab7dbff1660782b71c70d46fcd89500001ec02cc030c02bc02fcca9cca8c024"
    "c028c023c027009f009e006b006700ff010000640000000e000c000009612e6578616d706c65000b000403000102000a000c000a001d0017001e0019"
    "0018002300000016000000170000000d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602";
constexpr const char* kNameless =
    "1603010200010001fc0303e3bc74a3726f20854be5ab3772bc4e9168bdccc89e7e912bf6bd4b5f3b37c52b20fadaf3e2d2fdc3177b303984b5872b1d"
    "ec3147113965808a372680a41c4d916d0024130213031301c02cc030c02bc02fcca9cca8c024c028c023c027009f009e006b006700ff0100018f000b"
    "000403000102000a00160014001d0017001e0019001801000101010201030104002300000016000000170000000d002a002804030503060308070808"
    "0809080a080b080408050806040105010601030303010302040205020602002b00050403040303002d00020101003300260024001d002035581ad0c1"
    "28f5337e427ace154fb1de53b62413b4d20659201f877cfb6c7926001500f60000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000";

std::string octets_of(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::string number(std::size_t value, unsigned octets) {
  std::string out;
  while (octets-- > 0) {
    out += static_cast<char>(value >> 8 * octets & 0xff);
  }
  return out;
}

std::string vector(const std::string& content, unsigned length_octets) { return number(content.size(), length_octets) + content; }

std::string extension(unsigned type, const std::string& content) { return number(type, 2) + vector(content, 2); }

std::string body_with(const std::string& extensions) {
  return number(0x0303, 2) + std::string(32, 'r') + vector("", 1) + vector(number(0x1301, 2), 2) + vector(std::string(1, '\0'), 1) + vector(extensions, 2);
}

std::string message_of(const std::string& body) { return '\x01' + vector(body, 3); }

// In records of at most `bytes` octets of message.
std::string records_of(const std::string& message, std::size_t bytes) {
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += bytes) {
    out += "\x16\x03\x01" + vector(message.substr(at, bytes), 2);
  }
  return out;
}

std::string name_extension(const std::string& name) { return extension(0, vector(number(0, 1) + vector(name, 2), 2)); }

Result read(ClientHelloReader& reader, std::string_view octets, std::size_t piece = std::string::npos) {
  Result result = Result::NeedsMore;
  for (std::size_t at = 0; at < octets.size() && result == Result::NeedsMore; at += std::min(piece, octets.size())) {
    result = reader.take(octets.substr(at, piece));
  }
  return result;
}

TEST(ClientHello, TellsWhomTheClientWants) {
  ClientHelloReader modern;
  ASSERT_EQ(read(modern, octets_of(kModern) + "more"), Result::Complete);
  EXPECT_EQ(modern.hello().server_name, "www.example.com");
  EXPECT_EQ(modern.hello().alpn, "h2,http/1.1");
  EXPECT_EQ(modern.hello().version, 0x0304);
  ClientHelloReader tls12;
  ASSERT_EQ(read(tls12, octets_of(kTls12)), Result::Complete);
  EXPECT_EQ(tls12.hello().server_name, "a.example");
  EXPECT_EQ(tls12.hello().alpn, "");
  EXPECT_EQ(tls12.hello().version, 0x0303);
  ClientHelloReader nameless;
  ASSERT_EQ(read(nameless, octets_of(kNameless)), Result::Complete);
  EXPECT_EQ(nameless.hello().server_name, "");
}

TEST(ClientHello, MayArriveInAnyPieces) {
  const std::string whole = octets_of(kModern);
  for (std::size_t piece = 1; piece < whole.size(); ++piece) {
    ClientHelloReader reader;
    ASSERT_EQ(read(reader, whole, piece), Result::Complete) << piece;
    EXPECT_EQ(reader.hello().server_name, "www.example.com");
  }
  const std::string message = whole.substr(5);
  for (const std::size_t bytes : {1u, 3u, 4u, 5u, 100u, 511u}) {
    ClientHelloReader reader;
    ASSERT_EQ(read(reader, records_of(message, bytes), 7), Result::Complete) << "records of " << bytes;
    EXPECT_EQ(reader.hello().server_name, "www.example.com");
  }
}

TEST(ClientHello, MayBeLarge) {
  const std::string shares(20'000, 'k');  // as post-quantum key shares may be, and then some
  ClientHelloReader reader;
  ASSERT_EQ(read(reader, records_of(message_of(body_with(extension(51, shares) + name_extension("big.example"))), 1u << 14)), Result::Complete);
  EXPECT_EQ(reader.hello().server_name, "big.example");
  ClientHelloReader too_large;
  EXPECT_EQ(read(too_large, "\x16\x03\x01" + number(100, 2) + '\x01' + number(ClientHelloReader::kMessageBytesMax + 1, 3)), Result::NotTls);
}

TEST(ClientHello, IsNotAnythingElse) {
  for (const std::string& octets : std::vector<std::string>{"GET / HTTP/1.1", "SSH-2.0-x", std::string("\x16\x02", 2), std::string("\x16\x03\x01\x00\x00", 5),
                                                            "\x16\x03\x01\x7f\xff", std::string("\x16\x03\x01\x00\x01\x02", 6), "\x80\x2e\x01\x03"}) {
    ClientHelloReader reader;
    EXPECT_EQ(read(reader, octets, 1), Result::NotTls) << octets;
  }
}

TEST(ClientHello, IsReadWithoutFaithInItsLengths) {
  const std::string good = body_with(name_extension("a.example") + extension(16, vector(vector("h2", 1), 2)));
  ClientHello hello;
  ASSERT_TRUE(parse_client_hello(good, hello));
  EXPECT_EQ(hello.server_name, "a.example");
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
    (void)parse_client_hello(std::string_view(good).substr(0, bytes), hello);
    for (const char octet : {'\0', '\xff'}) {
      std::string damaged = good;
      damaged[bytes] = octet;
      (void)parse_client_hello(damaged, hello);
    }
  }
  EXPECT_FALSE(parse_client_hello(std::string_view(good).substr(0, good.size() - 1), hello));
  EXPECT_FALSE(parse_client_hello(body_with(extension(0, vector(number(0, 1) + number(9, 2) + "a", 2))), hello));
}

TEST(ClientHello, LeavesOutWhatIsNoName) {
  ClientHello hello;
  ASSERT_TRUE(parse_client_hello(body_with(name_extension("a b") + extension(16, vector(vector("h\n2", 1) + vector("h2", 1), 2))), hello));
  EXPECT_EQ(hello.server_name, "");
  EXPECT_EQ(hello.alpn, "h2");
  ASSERT_TRUE(parse_client_hello(body_with(name_extension(std::string(300, 'a'))), hello));
  EXPECT_EQ(hello.server_name, "");
}

// RFC 8701.
TEST(ClientHello, IsNotOfAVersionThatWasMadeUp) {
  ClientHello hello;
  ASSERT_TRUE(parse_client_hello(body_with(extension(43, vector(number(0xfafa, 2) + number(0x0304, 2) + number(0x0303, 2), 1))), hello));
  EXPECT_EQ(hello.version, 0x0304);
  EXPECT_EQ(version_text(0x0304), "TLS 1.3");
  EXPECT_EQ(version_text(0x0301), "TLS 1.0");
  EXPECT_EQ(version_text(0), "");
}

}  // namespace
}  // namespace weir::tls
