// The collector's end of the ledger, as far as a test of the worker needs one: a ROUTER socket that can be slow, silent
// and gone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger.pb.h"

namespace weir::tests {

struct ReceivedBatch {
  std::string sender;  // ZeroMQ's routing id
  proto::Batch header;
  std::vector<std::string> payloads;
};

class CollectorEnd {
 public:
  explicit CollectorEnd(const std::string& endpoint);
  ~CollectorEnd();

  // The next batch, if one is there. Fails the test when it is malformed.
  std::optional<ReceivedBatch> receive();
  void acknowledge(const ReceivedBatch& batch, std::uint64_t last_sequence, bool resend = false);
  void send(const std::string& receiver, const std::string& bytes);

 private:
  struct Socket;
  std::unique_ptr<Socket> socket_;
};

}  // namespace weir::tests
