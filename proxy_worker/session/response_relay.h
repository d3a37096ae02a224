// The direction origin -> client of one exchange: parses the response's head, writes it anew for the client, and moves
// the body from the origin's framing into the client's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy_worker/http1/body_decoder.h"
#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/http1/head_scanner.h"
#include "proxy_worker/http1/head_writer.h"
#include "proxy_worker/net/stream.h"

namespace weir::session {

struct Transaction;

class ResponseRelay {
 public:
  enum class State : std::uint8_t {
    AwaitingHead,  // nothing of the final head has been sent to the client
    Body,
    Complete,
    Switched,      // 101 was passed on: what follows is a tunnel
    Malformed,     // the head, or the framing of the body
  };

  static constexpr std::size_t kHeadBytesMax = 256 * 1024;
  static constexpr unsigned kInterimResponsesMax = 32;

  // What the session knows and the relay must heed when the head arrives.
  struct Conditions {
    bool may_keep_client = false;      // nothing else speaks against another request on the client's connection
    bool request_is_complete = false;
    bool keeps_heads = false;          // copy the heads into the record
    std::string_view date = {};        // of now, for a response that has none
  };

  void start();
  State state() const { return state_; }
  bool has_begun() const { return has_begun_; }          // any octet of the origin has arrived
  bool keeps_client() const { return keeps_client_; }
  bool keeps_origin() const { return keeps_origin_; }
  bool ends_with_connection() const { return client_framing_ == http1::BodyKind::UntilClose; }
  std::uint64_t content_bytes() const { return content_bytes_; }

  // Takes what the origin sent (overwritten); gives how many octets were the response's. More than that is surplus: the
  // origin's connection is of no further use, except after Switched, where it is the tunnel's first data.
  std::size_t feed(std::span<char> bytes, net::Stream& client, Transaction& transaction, const Conditions& conditions,
                   http1::ResponseHead& scratch);
  // The origin has sent its last octet.
  void finish(net::Stream& client);

 private:
  std::size_t take_head(std::span<char> bytes, Transaction& transaction, const Conditions& conditions, http1::ResponseHead& scratch,
                        net::Stream& client);
  bool open_head(Transaction& transaction, const Conditions& conditions, http1::ResponseHead& head);
  void write_interim(const http1::ResponseHead& head, Transaction& transaction, net::Stream& client);
  void choose_framing(const http1::BodyFraming& origin, const Transaction& transaction, const Conditions& conditions,
                      const http1::ResponseHead& head);
  void send_content(std::string_view content, net::Stream& client);

  State state_ = State::AwaitingHead;
  http1::HeadScanner scanner_;
  http1::BodyDecoder decoder_;
  http1::BodyKind client_framing_ = http1::BodyKind::None;
  std::string partial_head_;   // empty unless a head arrives in pieces
  std::string pending_head_;   // written, waiting to go out together with the first content
  unsigned interim_count_ = 0;
  bool has_begun_ = false;
  bool keeps_client_ = false;
  bool keeps_origin_ = false;
  std::uint64_t content_bytes_ = 0;
};

}  // namespace weir::session
