#include "collector/text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weir::collector {
namespace {

using namespace std::string_literals;

std::string json(std::string_view octets) {
  // Octets of another kind behind the room show when it was not enough.
  const std::size_t bytes_max = json_text_bytes_max(octets.size());
  std::string out(bytes_max + 16, '\xA5');
  const char* end = write_json_text(out.data(), octets);
  EXPECT_EQ(out.substr(bytes_max), std::string(16, '\xA5'));
  return out.substr(0, static_cast<std::size_t>(end - out.data()));
}

TEST(JsonText, KeepsPlainTextAndUtf8) {
  EXPECT_EQ(json(""), "\"\"");
  EXPECT_EQ(json("GET / HTTP/1.1"), "\"GET / HTTP/1.1\"");
  EXPECT_EQ(json("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80"), "\"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

TEST(JsonText, EscapesWhatJsonAndTerminalsWouldMisread) {
  EXPECT_EQ(json("a\"b\\c\r\n\t"), R"("a\"b\\c\r\n\t")");
  EXPECT_EQ(json("\0\x1B[2J\x7F"s), R"("\u0000\u001b[2J\u007f")");
  EXPECT_EQ(json("\xC2\x9B"), R"("\u009b")");
}

TEST(JsonText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(json("\xFF"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(json("a\xC3"), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(json("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");                       // overlong
  EXPECT_EQ(json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");       // surrogate
  EXPECT_EQ(json("\xF4\x90\x80\x80").size(), 2u + 4 * 3);                            // above U+10FFFF
}

TEST(JsonText, IsReadBackByAParserWhateverOctetStandsWhere) {
  for (int octet = 0; octet < 256; ++octet) {
    for (std::size_t position = 0; position <= 17; ++position) {
      std::string text(18, 'x');
      text[position] = static_cast<char>(octet);
      const auto parsed = nlohmann::json::parse(json(text), nullptr, false);
      ASSERT_TRUE(parsed.is_string()) << octet << " at " << position;
      if (octet < 0x80) {
        ASSERT_EQ(parsed.get<std::string>(), text) << octet << " at " << position;
      } else {
        ASSERT_EQ(parsed.get<std::string>(), text.substr(0, position) + "\xEF\xBF\xBD" + text.substr(position + 1));
      }
    }
  }
}

TEST(JsonText, StaysWithinItsRoomWhateverIsEscaped) {
  for (std::size_t length = 0; length <= 260; ++length) {
    for (const char octet : {'\x01', '\xFF', '"', 'x', '\x7F'}) {
      const std::string text(length, octet);
      const auto parsed = nlohmann::json::parse(json(text), nullptr, false);
      ASSERT_TRUE(parsed.is_string()) << length << " of " << static_cast<int>(octet);
    }
  }
}

// Short text is written octet by octet, long text in groups of octets: nothing may depend on where a group ends.
TEST(JsonText, IsTheSameWhereverItStandsInALongerText) {
  for (const std::string& part : {"\r\n"s, "\"\\\"\""s, "\0a\x1F"s, "\x7F~\x80"s, "\xC3\xBC"s, "\xE2\x82\xAC\xE2\x82\xAC"s, "\xF0\x9F\x98\x80"s,
                                  "\xC2\x9B"s, "\xE2\x82"s, "\xF0\x9F\x98"s, "\xC3\r\n"s, "\xFF\"\xFF"s}) {
    const std::string alone = json(part);
    const std::string escaped = alone.substr(1, alone.size() - 2);
    for (std::size_t before = 0; before <= 140; ++before) {
      for (const std::size_t behind : {0, 1, 31, 32, 33, 63, 64, 97, 200}) {
        const std::string head(before, 'a');
        const std::string tail(behind, 'z');
        ASSERT_EQ(json(head + part + tail), '"' + head + escaped + tail + '"') << before << " before, " << behind << " behind";
      }
    }
  }
}

TEST(JsonText, MayBeFullOfAnything) {
  const std::string unit = "k: \"v\\\"\r\n\xC3\xBC\xFF\x01";
  const std::string alone = json(unit);
  std::string text;
  std::string expected;
  for (int times = 1; times <= 40; ++times) {
    text += unit;
    expected += alone.substr(1, alone.size() - 2);
    ASSERT_EQ(json(text), '"' + expected + '"') << times;
  }
}

TEST(CleanText, GivesGoodTextUntouched) {
  std::string scratch;
  const std::string_view good = "/path/gr\xC3\xBCn?x=1&y=22";
  EXPECT_EQ(clean_text(good, scratch).data(), good.data());
}

TEST(CleanText, ReplacesNulAndWhatIsNotUtf8) {
  std::string scratch;
  EXPECT_EQ(clean_text("/a\0b\xFF\"c"s, scratch), "/a\xEF\xBF\xBD" "b\xEF\xBF\xBD\"c");
  EXPECT_EQ(clean_text("\xE2\x82", scratch), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace weir::collector
