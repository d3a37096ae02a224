#include "proxy_worker/session/client_session.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "proxy_worker/session/request_review.h"

namespace weir::session {

namespace {

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kEmptyLinesMax = 8;  // before a request line (RFC 9112 section 2.2)
// Reads of one direction in one go; then other connections get their turn.
constexpr int kReadsPerTurn = 8;
constexpr std::chrono::milliseconds kLingerTimeout{2'000};
constexpr std::string_view kTunnelOpen = "HTTP/1.1 200 Connection Established\r\n\r\n";

std::uint64_t to_us(std::chrono::steady_clock::duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

Reason reason_of(net::DialFailure failure) {
  switch (failure) {
    case net::DialFailure::None:
      return Reason::None;
    case net::DialFailure::NoSuchName:
    case net::DialFailure::NameFailed:
      return Reason::DnsFailure;
    case net::DialFailure::NameTimedOut:
      return Reason::DnsTimeout;
    case net::DialFailure::NotPermitted:
      return Reason::DestinationNotAllowed;
    case net::DialFailure::IsProxyItself:
      return Reason::RequestLoop;
    case net::DialFailure::ConnectFailed:
      return Reason::ConnectFailure;
    case net::DialFailure::ConnectTimedOut:
      return Reason::ConnectTimeout;
    case net::DialFailure::NoDescriptors:
      return Reason::OutOfDescriptors;
  }
  return Reason::ConnectFailure;
}

std::string detail_of(net::DialFailure failure, int error, const Transaction& transaction) {
  const std::string where = transaction.event.host() + ":" + std::to_string(transaction.event.port());
  switch (failure) {
    case net::DialFailure::NameFailed:
      return "The name service could not answer for " + transaction.event.host() + ".";
    case net::DialFailure::ConnectFailed:
      return where + ": " + std::strerror(error) + ".";
    default:
      return where;
  }
}

}  // namespace

std::unique_ptr<Transaction> TransactionPool::take() {
  if (idle_.empty()) {
    return std::make_unique<Transaction>();
  }
  std::unique_ptr<Transaction> transaction = std::move(idle_.back());
  idle_.pop_back();
  return transaction;
}

void TransactionPool::give_back(std::unique_ptr<Transaction> transaction) {
  constexpr std::size_t kIdleMax = 256;
  constexpr std::size_t kKeptBytesMax = 16 * 1024;
  if (idle_.size() < kIdleMax && transaction->event.ByteSizeLong() + transaction->early_body.capacity() <= kKeptBytesMax) {
    transaction->clear();
    idle_.push_back(std::move(transaction));
  }
}

ClientSession::ClientSession(SessionContext& context, Owner& owner, base::UniqueFd fd, const base::SocketAddress& client,
                             std::uint64_t connection_id)
    : context_(context), owner_(owner), client_(context.loop, std::move(fd)), client_address_(client), connection_id_(connection_id) {}

ClientSession::~ClientSession() { context_.loop.cancel(*this); }

void ClientSession::start() {
  live::add(context_.counters.client_connections_open, 1);
  live::add(context_.counters.client_connections_accepted, 1);
  set_deadline(context_.settings.timeouts.idle);
  client_.set_listener(this);
}

void ClientSession::drain() {
  if (phase_ == Phase::AwaitingNextRequest) {
    close();
  }
}

void ClientSession::end_now() {
  switch (phase_) {
    case Phase::Closed:
      return;
    case Phase::Exchanging:
      if (transaction_->event.status() == 0) {
        fail(Reason::Drained);
        break;
      }
      cut_off(Reason::Drained, proto::PROXY);
      break;
    case Phase::Tunneling:
      finish_tunnel(Reason::Drained);
      break;
    case Phase::ReadingRequestHead:
    case Phase::ResolvingOrigin:
    case Phase::ConnectingToOrigin:
    case Phase::OpeningTunnel:
      fail(Reason::Drained);
      break;
    case Phase::AwaitingNextRequest:
    case Phase::RefusingRequest:
    case Phase::LingeringClose:
      break;
  }
  close();
}

void ClientSession::on_stream(net::Stream&) { advance(); }

void ClientSession::run() { advance(); }

void ClientSession::advance() {
  if (is_advancing_) {
    return;  // A dial that answers at once: the loop below goes on with its result.
  }
  is_advancing_ = true;
  while (phase_ != Phase::Closed && step() == Step::Continue) {
  }
  is_advancing_ = false;
}

ClientSession::Step ClientSession::step() {
  switch (phase_) {
    case Phase::AwaitingNextRequest:
      return handle_awaiting_next_request();
    case Phase::ReadingRequestHead:
      return handle_reading_request_head();
    case Phase::ResolvingOrigin:
    case Phase::ConnectingToOrigin:
    case Phase::OpeningTunnel:
      return handle_dialing();
    case Phase::Exchanging:
      return handle_exchanging();
    case Phase::Tunneling:
      return handle_tunneling();
    case Phase::RefusingRequest:
      return handle_refusing_request();
    case Phase::LingeringClose:
      return handle_lingering_close();
    case Phase::Closed:
      return Step::Wait;
  }
  return Step::Wait;
}

void ClientSession::enter(Phase phase) { phase_ = phase; }

void ClientSession::set_deadline(std::chrono::milliseconds after) { context_.loop.arm(deadline_, context_.loop.now() + after); }

void ClientSession::on_timer(net::Timer&) {
  switch (phase_) {
    case Phase::ReadingRequestHead:
      refuse({.reason = Reason::HeadTimeout});
      break;
    case Phase::Exchanging:
      if (!request_.is_complete() && origin_->is_flushed() && client_.is_flushed()) {
        // The client owes the rest of its body.
        if (transaction_->event.status() == 0) {
          refuse({.reason = Reason::HeadTimeout, .detail = "The body of the request did not arrive in time."});
        } else {
          cut_off(Reason::BodyTimeout, proto::CLIENT);
        }
      } else if (transaction_->event.status() == 0) {
        fail(request_.is_complete() ? Reason::ResponseTimeout : Reason::BodyTimeout);
      } else {
        cut_off(Reason::BodyTimeout, client_.is_flushed() ? proto::ORIGIN : proto::CLIENT);
      }
      break;
    case Phase::Tunneling:
      finish_tunnel(Reason::TunnelIdleTimeout);
      break;
    case Phase::AwaitingNextRequest:
    case Phase::RefusingRequest:
    case Phase::LingeringClose:
    case Phase::ResolvingOrigin:
    case Phase::ConnectingToOrigin:
    case Phase::OpeningTunnel:
    case Phase::Closed:
      close();
      break;
  }
  advance();
}

ClientSession::Step ClientSession::handle_awaiting_next_request() {
  if (input_.empty() && !client_.may_read()) {
    if (client_.has_failed() || context_.is_draining) {
      close();
    }
    return Step::Wait;
  }
  if (!input_.empty()) {
    begin_transaction();
    return Step::Continue;
  }
  std::size_t bytes = 0;
  switch (client_.read(context_.buffer, bytes)) {
    case net::Stream::ReadResult::Bytes:
      begin_transaction();
      return take_head(context_.buffer.first(bytes));
    case net::Stream::ReadResult::WouldBlock:
      return Step::Wait;
    case net::Stream::ReadResult::End:
    case net::Stream::ReadResult::Failed:
      close();
      return Step::Wait;
  }
  return Step::Wait;
}

void ClientSession::begin_transaction() {
  transaction_ = context_.transactions.take();
  transaction_->started = context_.loop.now();
  transaction_->client_bytes_before = client_.written_bytes();
  proto::TrafficEvent& event = transaction_->event;
  event.set_started_at_us(to_us(std::chrono::system_clock::now().time_since_epoch()));
  const std::string_view address = client_address_.address.packed();
  event.set_client_address(address.data(), address.size());
  event.set_client_port(client_address_.port);
  event.set_connection_id(connection_id_);
  event.set_request_number(++request_number_);
  event.set_worker_id(context_.settings.worker_id);
  request_.start({});
  response_.start();
  scanner_.reset();
  origin_has_surplus_ = false;
  enter(Phase::ReadingRequestHead);
  set_deadline(context_.settings.timeouts.head);
}

ClientSession::Step ClientSession::handle_reading_request_head() {
  if (!input_.empty()) {
    std::string input = std::move(input_);
    input_.clear();
    const Step step = take_head(input);
    if (step == Step::Continue || phase_ != Phase::ReadingRequestHead) {
      return step;
    }
  }
  return read_more_of_head();
}

ClientSession::Step ClientSession::read_more_of_head() {
  if (!client_.may_read()) {
    if (client_.has_failed()) {
      cut_off(Reason::ClientClosed, proto::CLIENT);
    }
    return Step::Wait;
  }
  std::size_t bytes = 0;
  switch (client_.read(context_.buffer, bytes)) {
    case net::Stream::ReadResult::Bytes:
      if (input_.empty()) {
        return take_head(context_.buffer.first(bytes));
      }
      input_.append(context_.buffer.data(), bytes);
      return Step::Continue;
    case net::Stream::ReadResult::WouldBlock:
      return Step::Wait;
    case net::Stream::ReadResult::End:
      refuse({.reason = Reason::ClientClosed});
      return Step::Continue;
    case net::Stream::ReadResult::Failed:
      cut_off(Reason::ClientClosed, proto::CLIENT);
      return Step::Wait;
  }
  return Step::Wait;
}

// `bytes` begins with the head, or with what there is of it. What is not used is kept in input_.
ClientSession::Step ClientSession::take_head(std::span<char> bytes) {
  for (std::size_t i = 0; i < kEmptyLinesMax && bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n'; ++i) {
    bytes = bytes.subspan(2);
  }
  const std::string_view text(bytes.data(), bytes.size());
  transaction_->event.set_bytes_received(text.size());
  switch (scanner_.scan(text)) {
    case http1::HeadScanner::Result::Invalid:
      refuse({.reason = Reason::MalformedRequest, .detail = "The head contains a control character, or a line that does not end in CR LF."});
      return Step::Continue;
    case http1::HeadScanner::Result::Incomplete:
      if (text.size() > kHeadBytesMax) {
        const bool in_first_line = text.find("\r\n") == std::string_view::npos;
        refuse({.reason = in_first_line ? Reason::TargetTooLong : Reason::HeadTooLarge});
        return Step::Continue;
      }
      input_.assign(text);
      return client_.may_read() ? Step::Continue : Step::Wait;
    case http1::HeadScanner::Result::Complete:
      break;
  }
  const std::size_t head_bytes = scanner_.head_bytes();
  const std::span<char> rest = bytes.subspan(head_bytes);
  transaction_->event.set_bytes_received(head_bytes);
  if (head_bytes > kHeadBytesMax) {
    refuse({.reason = Reason::HeadTooLarge});
    return Step::Continue;
  }
  const std::size_t used = open_request(text.substr(0, head_bytes), rest);
  input_.assign(rest.data() + used, rest.size() - used);
  return Step::Continue;
}

// Gives how many octets of `rest` belong to the request's body.
std::size_t ClientSession::open_request(std::string_view head_text, std::span<char> rest) {
  http1::RequestHead& head = context_.request_head;
  context_.loop.disarm(deadline_);
  if (const auto error = http1::parse_request_head(head_text, head); error != http1::HeadError::None) {
    refuse({.reason = reason_of(error), .detail = std::string(http1::describe(error)) + "."});
    return rest.size();
  }
  const auto problem = review_request(head, *transaction_);
  request_.start(transaction_->request_framing);
  record_request_heads(head);
  if (const auto refusal = problem ? problem : admit()) {
    refuse(*refusal);
    return keeps_client_ ? 0 : rest.size();
  }
  if (transaction_->target.form == http1::TargetForm::Authority) {
    enter(Phase::OpeningTunnel);
    dial();
    return 0;
  }
  return send_request(rest);
}

void ClientSession::record_request_heads(const http1::RequestHead& head) {
  if (context_.settings.records && context_.settings.json_logs) {
    http1::write_masked(http1::start_line(head.text), head.fields, *transaction_->event.mutable_incoming_head());
  }
}

std::optional<Answer> ClientSession::admit() {
  Admission& admission = context_.admission;
  Verdict verdict = admission.judge_client(client_address_.address);
  if (verdict.reason == Reason::None && transaction_->target.form == http1::TargetForm::Authority) {
    verdict = admission.judge_tunnel_port(transaction_->target.authority.port);
  }
  if (verdict.reason == Reason::None) {
    verdict = admission.judge_host(transaction_->target.authority.host);
  }
  if (verdict.reason == Reason::None) {
    return std::nullopt;
  }
  proto::TrafficEvent& event = transaction_->event;
  event.set_rule(verdict.rule);
  event.set_rule_list(verdict.rule_list);
  event.set_requests_in_window(verdict.requests_in_window);
  std::string detail;
  if (verdict.reason == Reason::BlockedDomain) {
    detail = event.host() + " matches the rule " + verdict.rule + " (" + verdict.rule_list + ").";
  }
  return Answer{.reason = verdict.reason, .detail = std::move(detail), .retry_after = verdict.retry_after};
}

std::size_t ClientSession::send_request(std::span<char> rest) {
  const http1::RequestHead& head = context_.request_head;
  Transaction& transaction = *transaction_;
  const http1::RequestForm form{.target = transaction.target,
                                .framing = transaction.request_framing,
                                .upgrade = transaction.wants_upgrade ? http1::UpgradeField::Kept : http1::UpgradeField::Dropped};
  http1::write_request_head(head, form, transaction.origin_head);
  if (context_.settings.records && context_.settings.json_logs) {
    http1::RequestHead sent;
    if (http1::parse_request_head(transaction.origin_head, sent) == http1::HeadError::None) {
      http1::write_masked(http1::start_line(sent.text), sent.fields, *transaction.event.mutable_modified_head());
    }
  }
  const std::size_t used = request_.feed(rest, transaction.early_body);
  transaction.origin_key = transaction.event.host() + ":" + std::to_string(transaction.event.port());
  if (request_.state() == RequestRelay::State::Malformed) {
    refuse({.reason = Reason::MalformedRequest, .detail = "The chunked body is malformed."});
    return rest.size();
  }
  while (auto kept = context_.pool.take(transaction.origin_key)) {
    // A request that must not be sent twice goes out on a connection that is seen to be alive.
    const bool is_repeatable = is_idempotent(transaction.method()) && transaction.request_framing.kind == http1::BodyKind::None;
    if (is_repeatable || net::is_silent_and_open(kept->stream->fd())) {
      transaction.used_pooled_connection = true;
      attach_origin(std::move(kept->stream), kept->address);
      return used;
    }
    context_.loop.retire(std::move(kept->stream));
    live::subtract(context_.counters.origin_connections_open, 1);
  }
  enter(Phase::ResolvingOrigin);
  dial();
  return used;
}

void ClientSession::dial() {
  context_.loop.disarm(deadline_);
  net::OriginDial::Listener& listener = *this;
  dial_ = std::make_unique<net::OriginDial>(context_.dial, listener);
  const http1::Authority& authority = transaction_->target.authority;
  dial_->start({.host = authority.host, .port = authority.port, .literal = authority.literal});
}

ClientSession::Step ClientSession::handle_dialing() {
  if (client_.has_failed()) {
    cut_off(Reason::ClientClosed, proto::CLIENT);
  }
  return Step::Wait;
}

void ClientSession::on_resolved_name() {
  if (phase_ == Phase::ResolvingOrigin) {
    enter(Phase::ConnectingToOrigin);
  }
}

void ClientSession::on_dialed(std::unique_ptr<net::Stream> stream, const base::SocketAddress& address) {
  context_.loop.retire(std::move(dial_));
  live::add(context_.counters.origin_connections_open, 1);
  const bool is_tunnel = phase_ == Phase::OpeningTunnel;
  attach_origin(std::move(stream), address);
  if (is_tunnel) {
    open_tunnel();
  }
  advance();
}

void ClientSession::on_dial_failed(net::DialFailure failure, int error) {
  context_.loop.retire(std::move(dial_));
  fail(reason_of(failure), detail_of(failure, error, *transaction_));
  advance();
}

void ClientSession::attach_origin(std::unique_ptr<net::Stream> stream, const base::SocketAddress& address) {
  Transaction& transaction = *transaction_;
  origin_ = std::move(stream);
  origin_address_ = address;
  const std::string_view octets = address.address.packed();
  transaction.event.set_origin_address(octets.data(), octets.size());
  enter(Phase::Exchanging);
  set_deadline(context_.settings.timeouts.response);
  origin_->set_listener(this);
  origin_->write({transaction.origin_head, transaction.early_body});
}

void ClientSession::open_tunnel() {
  proto::TrafficEvent& event = transaction_->event;
  event.set_status(200);
  event.set_ttfb_us(to_us(context_.loop.read_clock() - transaction_->started));
  if (context_.settings.records && context_.settings.json_logs) {
    event.set_sent_head(kTunnelOpen.data(), kTunnelOpen.size());
  }
  client_.write({kTunnelOpen});
  tunnel_.emplace();
  tunnel_->count_early(input_.size(), 0);
  origin_->write({input_});
  std::string().swap(input_);
  live::add(context_.counters.tunnels_open, 1);
  enter(Phase::Tunneling);
  set_deadline(context_.settings.timeouts.tunnel_idle);
}

ClientSession::Step ClientSession::handle_exchanging() {
  bool has_moved = false;
  for (int turn = 0; phase_ == Phase::Exchanging; ++turn) {
    if (turn == kReadsPerTurn) {
      context_.loop.run_at_turn_end(*this);
      break;
    }
    const bool request_moved = move_request();
    const bool response_moved = phase_ == Phase::Exchanging && move_response();
    if (!request_moved && !response_moved) {
      break;
    }
    has_moved = true;
  }
  if (phase_ != Phase::Exchanging) {
    return Step::Continue;
  }
  if (has_moved) {
    const bool awaits_head = request_.is_complete() && transaction_->event.status() == 0;
    set_deadline(awaits_head ? context_.settings.timeouts.response : context_.settings.timeouts.body);
  }
  if (response_.state() == ResponseRelay::State::Switched) {
    switch_protocols();
    return Step::Continue;
  }
  if (response_.state() == ResponseRelay::State::Complete && client_.is_flushed() && !client_.has_failed()) {
    finish_exchange();
    return Step::Continue;
  }
  if (client_.has_failed() && !client_.may_read()) {
    cut_off(Reason::ClientClosed, proto::CLIENT);
  }
  return Step::Wait;
}

// True when something was moved, or the phase has changed.
bool ClientSession::move_request() {
  if (request_.is_complete()) {
    // Only a failure is of interest now; what else the client sends is its next request, and stays where it is.
    if (client_.has_failed()) {
      cut_off(Reason::ClientClosed, proto::CLIENT);
      return true;
    }
    return false;
  }
  if (!client_.may_read() || is_congested(*origin_)) {
    return false;
  }
  std::size_t bytes = 0;
  switch (client_.read(context_.buffer, bytes)) {
    case net::Stream::ReadResult::Bytes: {
      const std::size_t used = request_.feed(context_.buffer.first(bytes), *origin_);
      input_.append(context_.buffer.data() + used, bytes - used);
      if (request_.state() == RequestRelay::State::Malformed) {
        if (transaction_->event.status() == 0) {
          refuse({.reason = Reason::MalformedRequest, .detail = "The chunked body is malformed."});
        } else {
          cut_off(Reason::MalformedRequest, proto::CLIENT);
        }
      }
      return true;
    }
    case net::Stream::ReadResult::WouldBlock:
      return false;
    case net::Stream::ReadResult::End:
    case net::Stream::ReadResult::Failed:
      cut_off(Reason::ClientClosed, proto::CLIENT);
      return true;
  }
  return false;
}

bool ClientSession::move_response() {
  const auto state = response_.state();
  if ((state != ResponseRelay::State::AwaitingHead && state != ResponseRelay::State::Body) || !origin_->may_read() ||
      is_congested(client_)) {
    return false;
  }
  std::size_t bytes = 0;
  switch (origin_->read(context_.buffer, bytes)) {
    case net::Stream::ReadResult::Bytes:
      take_response(context_.buffer.first(bytes));
      return true;
    case net::Stream::ReadResult::WouldBlock:
      return false;
    case net::Stream::ReadResult::End:
      if (state == ResponseRelay::State::Body) {
        response_.finish(client_);
        if (response_.state() == ResponseRelay::State::Complete) {
          return true;
        }
      }
      lose_origin(Reason::OriginClosed);
      return true;
    case net::Stream::ReadResult::Failed:
      lose_origin(Reason::OriginClosed);
      return true;
  }
  return false;
}

void ClientSession::take_response(std::span<char> bytes) {
  proto::TrafficEvent& event = transaction_->event;
  const bool had_head = event.status() != 0;
  const ResponseRelay::Conditions conditions{
      .may_keep_client = transaction_->client_keeps_alive && request_.is_complete() && !context_.is_draining && !client_.saw_end(),
      .keeps_heads = context_.settings.records && context_.settings.json_logs};
  const std::size_t used = response_.feed(bytes, client_, *transaction_, conditions, context_.response_head);
  if (!had_head && event.status() != 0) {
    event.set_ttfb_us(to_us(context_.loop.read_clock() - transaction_->started));
  }
  if (response_.state() == ResponseRelay::State::Malformed) {
    return lose_origin(Reason::OriginMalformed);
  }
  if (response_.state() == ResponseRelay::State::Switched) {
    tunnel_.emplace();
    tunnel_->count_early(0, bytes.size() - used);
    client_.write({std::string_view(bytes.data() + used, bytes.size() - used)});
    return;
  }
  origin_has_surplus_ = used < bytes.size();
}

bool ClientSession::may_retry() const {
  return transaction_->used_pooled_connection && !transaction_->was_retried && !response_.has_begun() &&
         is_idempotent(transaction_->method()) && transaction_->request_framing.kind == http1::BodyKind::None;
}

void ClientSession::lose_origin(Reason reason) {
  if (may_retry()) {
    // The kept connection had died before the request reached the origin: nobody has seen it yet.
    transaction_->was_retried = true;
    close_origin();
    enter(Phase::ResolvingOrigin);
    return dial();
  }
  if (transaction_->event.status() == 0) {
    return fail(reason);
  }
  cut_off(reason, proto::ORIGIN);
}

void ClientSession::switch_protocols() {
  tunnel_->count_early(input_.size(), 0);
  origin_->write({input_});
  std::string().swap(input_);
  live::add(context_.counters.tunnels_open, 1);
  enter(Phase::Tunneling);
  set_deadline(context_.settings.timeouts.tunnel_idle);
}

void ClientSession::finish_exchange() {
  const bool is_origin_reusable = response_.keeps_origin() && request_.is_complete() && !origin_has_surplus_ && !origin_->may_read() &&
                                  !origin_->saw_end() && !origin_->has_failed() && origin_->is_flushed();
  if (is_origin_reusable) {
    origin_->set_listener(nullptr);
    context_.pool.keep(transaction_->origin_key, {std::move(origin_), origin_address_});
  } else {
    close_origin();
  }
  const bool keeps_client = response_.keeps_client() && request_.is_complete();
  const bool request_was_complete = request_.is_complete();
  finish_transaction(proto::SERVED, proto::NOBODY);
  if (keeps_client) {
    return await_next_request();
  }
  if (request_was_complete && !client_.may_read() && input_.empty()) {
    return close();
  }
  close_politely();
}

ClientSession::Step ClientSession::handle_tunneling() {
  const Tunnel::Result result = tunnel_->pump(client_, *origin_, context_.buffer);
  if (tunnel_->has_moved()) {
    set_deadline(context_.settings.timeouts.tunnel_idle);
  }
  switch (result) {
    case Tunnel::Result::Waiting:
      break;
    case Tunnel::Result::Unfinished:
      context_.loop.run_at_turn_end(*this);
      break;
    case Tunnel::Result::Ended:
      finish_tunnel(Reason::None);
      break;
  }
  return Step::Wait;
}

void ClientSession::finish_tunnel(Reason reason) {
  proto::Fault fault = text_of(reason).fault;
  transaction_->reason = reason;
  const bool was_reset = tunnel_->was_reset();
  finish_transaction(proto::SERVED, fault);
  if (was_reset) {
    client_.abort();
    origin_->abort();
  }
  close();
}

ClientSession::Step ClientSession::handle_refusing_request() {
  if (!client_.is_flushed() && !client_.has_failed()) {
    return Step::Wait;
  }
  if (client_.has_failed()) {
    close();
    return Step::Wait;
  }
  finish_transaction(text_of(transaction_->reason).outcome, text_of(transaction_->reason).fault);
  if (keeps_client_) {
    await_next_request();
  } else {
    close_politely();
  }
  return Step::Continue;
}

ClientSession::Step ClientSession::handle_lingering_close() {
  for (int reads = 0; client_.may_read(); ++reads) {
    if (reads == kReadsPerTurn) {
      context_.loop.run_at_turn_end(*this);
      return Step::Wait;
    }
    std::size_t bytes = 0;
    client_.read(context_.buffer, bytes);
  }
  if (client_.has_read_ended() || client_.has_failed()) {
    close();
  }
  return Step::Wait;
}

// Answers in the origin's place. The record is written when the answer is out.
void ClientSession::refuse(const Answer& answer) {
  if (dial_ != nullptr) {
    dial_->cancel();
    context_.loop.retire(std::move(dial_));
  }
  close_origin();
  const ReasonText& text = text_of(answer.reason);
  Transaction& transaction = *transaction_;
  transaction.reason = answer.reason;
  keeps_client_ = transaction.client_keeps_alive && request_.is_complete() && text.fault != proto::CLIENT && text.fault != proto::PROXY &&
                  !context_.is_draining;
  const AnswerForm form{.has_body = !transaction.is_head(),
                        .prefers_json = transaction.prefers_json,
                        .is_http_1_0 = transaction.client_minor_version == 0,
                        .keeps_connection = keeps_client_};
  const AnswerText written = write_answer(answer, form);
  proto::TrafficEvent& event = transaction.event;
  event.set_status(text.status);
  event.set_ttfb_us(to_us(context_.loop.read_clock() - transaction.started));
  if (context_.settings.records && context_.settings.json_logs) {
    event.set_sent_head(written.head);
  }
  event.set_response_body_bytes(written.body.size());
  client_.write({written.head, written.body});
  if (!keeps_client_) {
    input_.clear();
  }
  enter(Phase::RefusingRequest);
  set_deadline(context_.settings.timeouts.body);
}

void ClientSession::fail(Reason reason, std::string detail) { refuse({.reason = reason, .detail = std::move(detail)}); }

// One side has left, or a limit is reached, and no answer can be given any more.
void ClientSession::cut_off(Reason reason, proto::Fault fault) {
  transaction_->reason = reason;
  const bool looks_complete_at_close = response_.ends_with_connection();
  finish_transaction(proto::CUT_OFF, fault);
  if (looks_complete_at_close) {
    client_.abort();
  }
  close();
}

void ClientSession::finish_transaction(proto::Outcome outcome, proto::Fault fault) {
  Transaction& transaction = *transaction_;
  proto::TrafficEvent& event = transaction.event;
  event.set_duration_us(to_us(context_.loop.read_clock() - transaction.started));
  event.set_outcome(outcome);
  event.set_fault(fault);
  event.set_reason(text_of(transaction.reason).token.data(), text_of(transaction.reason).token.size());
  if (tunnel_) {
    live::subtract(context_.counters.tunnels_open, 1);
    const bool is_connect = transaction.target.form == http1::TargetForm::Authority;
    const std::uint64_t heads_sent = is_connect ? 0 : client_.written_bytes() - transaction.client_bytes_before - tunnel_->origin_to_client_bytes();
    event.set_bytes_sent(heads_sent + tunnel_->origin_to_client_bytes());
    event.set_bytes_received((is_connect ? 0 : event.bytes_received()) + tunnel_->client_to_origin_bytes());
    event.set_response_body_bytes(tunnel_->origin_to_client_bytes());
    event.set_request_body_bytes(tunnel_->client_to_origin_bytes());
    tunnel_.reset();
  } else {
    event.set_bytes_sent(client_.written_bytes() - transaction.client_bytes_before);
    event.set_bytes_received(event.bytes_received() + request_.raw_bytes());
    event.set_request_body_bytes(request_.content_bytes());
    if (event.response_body_bytes() == 0) {
      event.set_response_body_bytes(response_.content_bytes());
    }
  }
  context_.log.record(event);
  context_.transactions.give_back(std::move(transaction_));
}

void ClientSession::await_next_request() {
  enter(Phase::AwaitingNextRequest);
  if (context_.is_draining && input_.empty()) {
    return close_politely();
  }
  set_deadline(context_.settings.timeouts.idle);
}

void ClientSession::close_politely() {
  client_.finish_writing();
  enter(Phase::LingeringClose);
  set_deadline(kLingerTimeout);
}

void ClientSession::close_origin() {
  if (origin_ != nullptr) {
    origin_->close();
    context_.loop.retire(std::move(origin_));
    live::subtract(context_.counters.origin_connections_open, 1);
  }
}

void ClientSession::close() {
  if (phase_ == Phase::Closed) {
    return;
  }
  if (transaction_ != nullptr) {
    // An answer of our own that the client did not wait for, or a worker that ends.
    const Reason reason = transaction_->reason == Reason::None ? Reason::ClientClosed : transaction_->reason;
    transaction_->reason = reason;
    finish_transaction(phase_ == Phase::RefusingRequest ? text_of(reason).outcome : proto::CUT_OFF, text_of(reason).fault);
  }
  enter(Phase::Closed);
  if (dial_ != nullptr) {
    dial_->cancel();
    context_.loop.retire(std::move(dial_));
  }
  close_origin();
  client_.close();
  context_.loop.disarm(deadline_);
  context_.loop.cancel(*this);
  live::subtract(context_.counters.client_connections_open, 1);
  owner_.on_session_closed(*this);
}

}  // namespace weir::session
