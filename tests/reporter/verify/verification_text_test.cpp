#include "reporter/verify/verification_text.h"

#include <gtest/gtest.h>

namespace weir::verify {
namespace {

Verification example() {
  Verification verification{.data_dir = "Logs", .database_id = "abc", .collector_pid = 77, .checks = {}};
  Check& streams = verification.checks.emplace_back("streams");
  streams.summarise("2 streams");
  streams.number("rows", 1234);
  streams.note("a gap");
  verification.checks.emplace_back("JSON logs").skip("never on");
  return verification;
}

TEST(VerificationText, IsAligned) {
  EXPECT_EQ(verification_text(example(), Colours::Off),
            "Verifying Logs, the collector runs (pid 77)\n"
            "\n"
            "PASS  streams     2 streams\n"
            "        a gap\n"
            "----  JSON logs   never on\n"
            "\n"
            "Everything adds up.\n");
}

TEST(VerificationText, MarksWhatDoesNotAddUp) {
  Verification verification = example();
  verification.collector_pid.reset();
  verification.checks[0].fault("a hole");
  EXPECT_EQ(verification_text(verification, Colours::On),
            "Verifying Logs, the collector does not run\n"
            "\n"
            "\033[31mFAIL\033[0m  streams     2 streams\n"
            "      ! a hole\n"
            "        a gap\n"
            "\033[33m----\033[0m  JSON logs   never on\n"
            "\n"
            "Something does not add up: see the lines marked with !\n");
}

TEST(VerificationText, CountsTheLinesThatItLeavesOut) {
  Verification verification = example();
  for (int number = 0; number < 1060; ++number) {
    verification.checks[0].fault("hole");
  }
  const std::string text = verification_text(verification, Colours::Off);
  EXPECT_NE(text.find("      ! ... and 1,010 more\n"), std::string::npos) << text;
}

TEST(VerificationText, NeverCommandsATerminal) {
  Verification verification = example();
  verification.checks[0].fault("host \033[2J\r\n");
  EXPECT_NE(verification_text(verification, Colours::Off).find("! host ?[2J??\n"), std::string::npos);
}

TEST(VerificationJson, SaysTheSame) {
  Verification verification = example();
  verification.checks[0].fault("a hole \xff");
  EXPECT_EQ(verification_json(verification),
            "{\n"
            "  \"data_dir\": \"Logs\",\n"
            "  \"database_id\": \"abc\",\n"
            "  \"collector_pid\": 77,\n"
            "  \"verdict\": \"fail\",\n"
            "  \"checks\": [\n"
            "    {\n"
            "      \"name\": \"streams\",\n"
            "      \"verdict\": \"fail\",\n"
            "      \"summary\": \"2 streams\",\n"
            "      \"numbers\": {\n"
            "        \"rows\": 1234\n"
            "      },\n"
            "      \"faults\": {\n"
            "        \"count\": 1,\n"
            "        \"first\": [\n"
            "          \"a hole \xEF\xBF\xBD\"\n"
            "        ]\n"
            "      },\n"
            "      \"notes\": {\n"
            "        \"count\": 1,\n"
            "        \"first\": [\n"
            "          \"a gap\"\n"
            "        ]\n"
            "      }\n"
            "    },\n"
            "    {\n"
            "      \"name\": \"JSON logs\",\n"
            "      \"verdict\": \"skipped\",\n"
            "      \"summary\": \"never on\",\n"
            "      \"numbers\": {},\n"
            "      \"faults\": {\n"
            "        \"count\": 0,\n"
            "        \"first\": []\n"
            "      },\n"
            "      \"notes\": {\n"
            "        \"count\": 0,\n"
            "        \"first\": []\n"
            "      }\n"
            "    }\n"
            "  ]\n"
            "}\n");
}

TEST(Counted, IsWordedForPeople) {
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(0, "row"), "0 rows");
  EXPECT_EQ(digits(999), "999");
  EXPECT_EQ(digits(1000), "1,000");
  EXPECT_EQ(digits(1234567), "1,234,567");
  EXPECT_EQ(digits(123456), "123,456");
}

}  // namespace
}  // namespace weir::verify
