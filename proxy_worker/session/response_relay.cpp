#include "proxy_worker/session/response_relay.h"

#include <algorithm>

#include "proxy_worker/session/request_relay.h"
#include "proxy_worker/session/traffic_record.h"
#include "proxy_worker/session/transaction.h"

namespace weir::session {

namespace {

constexpr unsigned kSwitchingProtocols = 101;
constexpr unsigned kUpgradeRequired = 426;
constexpr std::string_view kBegin = "HTTP/1.";

// Whether the origin lets its connection live after this response (RFC 9112 section 9.3).
bool origin_persists(const http1::ResponseHead& head) {
  if (http1::lists_token(head.fields, http1::FieldId::Connection, "close")) {
    return false;
  }
  return head.minor_version >= 1 || http1::lists_token(head.fields, http1::FieldId::Connection, "keep-alive");
}

}  // namespace

void ResponseRelay::start() {
  state_ = State::AwaitingHead;
  scanner_.reset();
  decoder_ = {};
  client_framing_ = http1::BodyKind::None;
  partial_head_.clear();
  interim_count_ = 0;
  has_begun_ = false;
  keeps_client_ = false;
  keeps_origin_ = false;
  content_bytes_ = 0;
}

std::size_t ResponseRelay::feed(std::span<char> bytes, net::Stream& client, Transaction& transaction, const Conditions& conditions,
                                http1::ResponseHead& scratch) {
  std::size_t used = 0;
  has_begun_ = has_begun_ || !bytes.empty();
  while (state_ == State::AwaitingHead && used < bytes.size()) {
    used += take_head(bytes.subspan(used), transaction, conditions, scratch, client);
  }
  if (state_ == State::Body) {
    const auto result = decoder_.decode(bytes.subspan(used));
    used += result.consumed;
    if (result.status == http1::BodyDecoder::Status::Complete) {
      state_ = State::Complete;
    } else if (result.status == http1::BodyDecoder::Status::Malformed) {
      state_ = State::Malformed;
    }
    send_content(result.content, client);
  } else if (state_ == State::Complete || state_ == State::Switched) {
    send_content({}, client);
  }
  return used;
}

// Takes a whole head, or all there is of one. The head's text lies in `bytes` or, if it came in pieces, in partial_head_.
std::size_t ResponseRelay::take_head(std::span<char> bytes, Transaction& transaction, const Conditions& conditions,
                                     http1::ResponseHead& scratch, net::Stream& client) {
  const std::size_t before = partial_head_.size();
  std::string_view text(bytes.data(), bytes.size());
  if (before > 0) {
    partial_head_.append(text);
    text = partial_head_;
  }
  // What does not begin as a response is told at once; it may never have an empty line.
  const bool is_response = text.substr(0, kBegin.size()) == kBegin.substr(0, text.size());
  const auto scanned = is_response ? scanner_.scan(text) : http1::HeadScanner::Result::Invalid;
  if (scanned == http1::HeadScanner::Result::Incomplete && text.size() <= kHeadBytesMax) {
    if (before == 0) {
      partial_head_.assign(text);
    }
    return bytes.size();
  }
  const std::size_t head_bytes = scanner_.head_bytes();
  scanner_.reset();
  if (scanned != http1::HeadScanner::Result::Complete || head_bytes > kHeadBytesMax ||
      http1::parse_response_head(text.substr(0, head_bytes), scratch) != http1::HeadError::None ||
      !open_head(transaction, conditions, scratch)) {
    state_ = State::Malformed;
    return bytes.size();
  }
  if (state_ == State::AwaitingHead) {
    write_interim(scratch, transaction, client);
  }
  const std::size_t used = head_bytes - before;
  std::string().swap(partial_head_);
  return used;
}

// Acts on a parsed head: Body, Complete or Switched follow, or AwaitingHead again after an interim response. False when
// it is not a response that can be passed on.
bool ResponseRelay::open_head(Transaction& transaction, const Conditions& conditions, http1::ResponseHead& head) {
  const bool is_interim = head.status / 100 == 1 && head.status != kSwitchingProtocols;
  if (is_interim) {
    return ++interim_count_ <= kInterimResponsesMax;
  }
  http1::BodyFraming framing;
  if (head.status == kSwitchingProtocols && !(transaction.wants_upgrade && conditions.request_is_complete)) {
    return false;
  }
  if (http1::response_framing(head, transaction.method(), framing) != http1::FramingError::None) {
    return false;
  }
  choose_framing(framing, transaction, conditions, head);
  decoder_ = http1::BodyDecoder(framing);
  state_ = head.status == kSwitchingProtocols ? State::Switched : decoder_.is_complete() ? State::Complete : State::Body;
  // A 426 says what to ask for (RFC 9110 section 15.5.22).
  const bool requires_upgrade = head.status == kUpgradeRequired && transaction.client_minor_version >= 1 &&
                                http1::find_field(head.fields, http1::FieldId::Upgrade) != nullptr;
  const bool keeps_upgrade = state_ == State::Switched || requires_upgrade;
  const http1::ResponseForm form{.client_framing = client_framing_,
                                 .client_minor_version = transaction.client_minor_version,
                                 .persistence = keeps_client_ ? http1::Persistence::KeepAlive : http1::Persistence::Close,
                                 .upgrade = keeps_upgrade ? http1::UpgradeField::Kept : http1::UpgradeField::Dropped,
                                 .date = conditions.date};
  proto::TrafficEvent& event = transaction.event;
  event.set_status(head.status);
  if (const http1::Field* type = http1::find_field(head.fields, http1::FieldId::ContentType)) {
    event.set_content_type(type->value.data(), type->value.size());
  }
  pending_head_.clear();
  if (conditions.keeps_heads) {
    http1::write_masked(http1::start_line(head.text), head.fields, *event.mutable_origin_head());
    http1::write_response_head(head, form, pending_head_, http1::ChangeLog{event.origin_head(), transaction.head_changes});
    enter_changes(transaction.head_changes, *event.mutable_relayed_head());
  } else {
    http1::write_response_head(head, form, pending_head_);
  }
  return true;
}

void ResponseRelay::write_interim(const http1::ResponseHead& head, Transaction& transaction, net::Stream& client) {
  if (transaction.client_minor_version == 0) {
    return;  // HTTP/1.0 knows no interim responses (RFC 9110 section 15.2).
  }
  std::string text;
  http1::write_response_head(head, {}, text);
  client.write({text});
}

void ResponseRelay::choose_framing(const http1::BodyFraming& origin, const Transaction& transaction, const Conditions& conditions,
                                   const http1::ResponseHead& head) {
  const bool is_http_1_0 = transaction.client_minor_version == 0;
  client_framing_ = origin.kind;
  if (origin.kind == http1::BodyKind::Chunked && is_http_1_0) {
    client_framing_ = http1::BodyKind::UntilClose;
  } else if (origin.kind == http1::BodyKind::UntilClose && !is_http_1_0) {
    client_framing_ = http1::BodyKind::Chunked;
  }
  keeps_client_ = conditions.may_keep_client && conditions.request_is_complete && client_framing_ != http1::BodyKind::UntilClose;
  keeps_origin_ = origin.kind != http1::BodyKind::UntilClose && origin_persists(head);
}

void ResponseRelay::send_content(std::string_view content, net::Stream& client) {
  content_bytes_ += content.size();
  if (client_framing_ == http1::BodyKind::Chunked) {
    const ChunkFrame frame(content, state_ == State::Complete, decoder_.trailers());
    client.write({pending_head_, frame.before(), frame.content(), frame.after()});
  } else {
    client.write({pending_head_, content});
  }
  pending_head_.clear();
}

void ResponseRelay::finish(net::Stream& client) {
  if (state_ != State::Body || decoder_.finish() != http1::BodyDecoder::Status::Complete) {
    state_ = State::Malformed;
    return;
  }
  state_ = State::Complete;
  send_content({}, client);
}

}  // namespace weir::session
