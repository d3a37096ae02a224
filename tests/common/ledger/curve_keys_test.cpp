#include "common/ledger/curve_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace weir::ledger {
namespace {

const std::string kPublic = "#:f=KqG<F2Ha{TL7[6EFK)YZRg]lhGb}Dbj8{wAE";
const std::string kSecret = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

class CurveKeys : public testing::Test {
 protected:
  void write(std::string_view name, const std::string& text, mode_t mode = 0600) {
    const auto path = folder_.path() / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
  }
  void write_all() {
    write(kCollectorSecretFile, "# a comment\n\npublic " + kPublic + "\nsecret " + kSecret + "\n");
    write(kWorkerSecretFile, "secret " + kSecret + "\r\npublic " + kPublic);
    write(kCollectorPublicFile, "public " + kPublic + "\n", 0644);
    write(kAllowedWorkersFile, "# workers\n" + kPublic + " office, ground floor\n" + kSecret + "\n", 0644);
  }
  std::string why_collector() {
    std::string error;
    EXPECT_FALSE(read_collector_keys(folder_.path(), error));
    return error;
  }

  tests::TemporaryFolder folder_;
};

TEST_F(CurveKeys, AreReadWithCommentsAndNames) {
  write_all();
  std::string error;
  const auto collector = read_collector_keys(folder_.path(), error);
  ASSERT_TRUE(collector) << error;
  EXPECT_EQ(collector->own.public_key, kPublic);
  EXPECT_EQ(collector->own.secret_key, kSecret);
  EXPECT_EQ(collector->allowed_workers, (std::vector<std::string>{kPublic, kSecret}));
  const auto worker = read_worker_keys(folder_.path(), error);
  ASSERT_TRUE(worker) << error;
  EXPECT_EQ(worker->own.secret_key, kSecret);
  EXPECT_EQ(worker->collector, kPublic);
}

TEST_F(CurveKeys, AreNotTakenFromASecretThatOthersMayRead) {
  write_all();
  write(kCollectorSecretFile, "public " + kPublic + "\nsecret " + kSecret + "\n", 0640);
  EXPECT_EQ(why_collector(), (folder_ / "collector.secret").string() + ": other users may read this secret; chmod 600 it");
}

TEST_F(CurveKeys, SayWhichFileOrLineIsWrong) {
  EXPECT_NE(why_collector().find("collector.secret: cannot open"), std::string::npos);
  write_all();
  write(kCollectorSecretFile, "public " + kPublic + "\nsecret " + kSecret.substr(1) + "\n");
  EXPECT_NE(why_collector().find("collector.secret: has no line \"secret KEY\""), std::string::npos);
  write_all();
  write(kAllowedWorkersFile, kPublic + "\nnot a key\n", 0644);
  EXPECT_NE(why_collector().find("allowed-workers:2: expected"), std::string::npos);
  write(kAllowedWorkersFile, kPublic.substr(1) + "\" x\n", 0644);
  EXPECT_NE(why_collector().find("allowed-workers:1: expected"), std::string::npos) << "a quote is in no key";
}

TEST_F(CurveKeys, AreAskedForWhenNoFolderIsNamed) {
  std::string error;
  EXPECT_FALSE(read_worker_keys({}, error));
  EXPECT_NE(error.find("--collector-keys"), std::string::npos) << error;
}

}  // namespace
}  // namespace weir::ledger
