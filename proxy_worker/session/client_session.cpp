#include "proxy_worker/session/client_session.h"

#include <algorithm>

#include "proxy_worker/session/dial_failure.h"
#include "proxy_worker/session/tls_watch.h"

namespace weir::session {

namespace {

using ReadResult = net::Stream::ReadResult;

constexpr int kLingeringReadsPerTurn = 8;
constexpr std::chrono::milliseconds kLoginTimeout{30'000};
// Where the client does not speak first there is no ClientHello to judge: then the tunnel begins without.
constexpr std::chrono::milliseconds kClientHelloTimeout{3'000};
constexpr std::chrono::milliseconds kLingerSilence{2'000};
constexpr std::string_view kTunnelOpen = "HTTP/1.1 200 Connection Established\r\n\r\n";
// A client that has ended its side may wait for the answer or be gone: its system tells when it is sent something. An
// interim response harms nobody who still listens (RFC 9110 section 15.2.1); it is not sent to those who are served soon.
constexpr std::chrono::milliseconds kDeparturePatience{3'000};
constexpr std::string_view kDepartureProbe = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

ClientSession::ClientSession(SessionContext& context, Owner& owner, base::UniqueFd fd, const ClientIdentity& client)
    : context_(context),
      owner_(owner),
      identity_(client),
      gate_(context_, identity_),
      intake_(context_, gate_, *this),
      client_(context.loop, std::move(fd)),
      origin_(context.origins) {}

ClientSession::~ClientSession() { context_.loop.cancel(*this); }

void ClientSession::start() {
  live::add(context_.counters.client_connections_open, 1);
  live::add(context_.counters.client_connections_accepted, 1);
  set_deadline(context_.settings.timeouts.idle);
  client_.set_listener(this);
}

void ClientSession::on_stream(net::Stream&) { advance(); }

void ClientSession::run() { advance(); }

void ClientSession::advance() {
  if (is_advancing_) {
    return;  // A dial that ends at once: the loop below goes on with its result.
  }
  is_advancing_ = true;
  while (step() == Step::Continue) {
  }
  is_advancing_ = false;
}

ClientSession::Step ClientSession::step() {
  switch (phase_) {
    case Phase::AwaitingNextRequest:
      return handle_awaiting_next_request();
    case Phase::ReadingRequestHead:
      return handle_reading_request_head();
    case Phase::CheckingLogin:
      return handle_checking_login();
    case Phase::ResolvingOrigin:
    case Phase::ConnectingToOrigin:
    case Phase::OpeningTunnel:
      return handle_opening_origin();
    case Phase::Exchanging:
      return handle_exchanging();
    case Phase::AwaitingClientHello:
      return handle_awaiting_client_hello();
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

void ClientSession::enter(Phase phase, std::chrono::milliseconds deadline) {
  phase_ = phase;
  set_deadline(deadline);
}

void ClientSession::enter_without_deadline(Phase phase) {
  phase_ = phase;
  context_.loop.disarm(deadline_);
}

void ClientSession::set_deadline(std::chrono::milliseconds after) { context_.loop.arm(deadline_, context_.loop.now() + after); }

ClientSession::Step ClientSession::handle_awaiting_next_request() {
  if (!heads_.leftover().empty()) {
    begin_transaction();
    return Step::Continue;
  }
  if (!client_.may_read()) {
    if (client_.has_failed()) {
      close();
    }
    return Step::Wait;
  }
  std::size_t bytes = 0;
  switch (client_.read(context_.buffer, bytes)) {
    case ReadResult::Bytes:
      begin_transaction();
      return take_read(bytes);
    case ReadResult::WouldBlock:
      return Step::Wait;
    case ReadResult::End:
    case ReadResult::Failed:
      close();
      return Step::Wait;
  }
  return Step::Wait;
}

void ClientSession::begin_transaction() {
  transaction_ = context_.transactions.take();
  open_record(identity_, ++request_count_, client_.written_bytes(), context_.loop.now(), *transaction_);
  transaction_->event.set_policy_version(context_.admission.policy_version());
  transaction_->exchange.start({});
  heads_.begin();
  enter(Phase::ReadingRequestHead, context_.settings.timeouts.head);
}

ClientSession::Step ClientSession::handle_reading_request_head() {
  if (!heads_.leftover().empty() && take_head(heads_.take_leftover()) == Step::Continue) {
    return Step::Continue;
  }
  if (!client_.may_read()) {
    if (client_.has_failed()) {
      cut_off(Reason::ClientClosed, proto::CLIENT);
    }
    return Step::Wait;
  }
  std::size_t bytes = 0;
  switch (client_.read(context_.buffer, bytes)) {
    case ReadResult::Bytes:
      return take_read(bytes);
    case ReadResult::WouldBlock:
      return Step::Wait;
    case ReadResult::End:
      answer({.reason = Reason::ClientClosed});
      return Step::Continue;
    case ReadResult::Failed:
      cut_off(Reason::ClientClosed, proto::CLIENT);
      return Step::Wait;
  }
  return Step::Wait;
}

// Octets that were just read into the worker's buffer.
ClientSession::Step ClientSession::take_read(std::size_t bytes) {
  const Step step = take_head(heads_.take(context_.buffer.first(bytes)));
  return client_.may_read() ? Step::Continue : step;  // No event comes again for what is there already, be it the end.
}

// Wait: there must be more of the head. Continue: it was used, or refused.
ClientSession::Step ClientSession::take_head(HeadReader::Result result) {
  transaction_->event.set_bytes_received(heads_.head_bytes());
  switch (result) {
    case HeadReader::Result::Incomplete:
      return Step::Wait;
    case HeadReader::Result::Complete:
      use_head(heads_.head(), heads_.rest());
      break;
    case HeadReader::Result::Invalid:
      answer({.reason = Reason::MalformedRequest, .detail = "The head holds a control character, or a line that does not end in CR LF."});
      break;
    case HeadReader::Result::TooLong:
      answer({.reason = Reason::TargetTooLong});
      break;
    case HeadReader::Result::TooLarge:
      answer({.reason = Reason::HeadTooLarge});
      break;
  }
  heads_.release();
  return Step::Continue;
}

// Comes here a second time when a login was checked meanwhile.
void ClientSession::use_head(std::string_view head_text, std::span<char> rest) {
  Answer reply;
  switch (intake_.judge(head_text, *transaction_, reply)) {
    case RequestIntake::Verdict::Answer:
      answer(reply);
      if (keeps_client_) {
        heads_.keep(rest);
      }
      break;
    case RequestIntake::Verdict::AwaitLogin:
      enter(Phase::CheckingLogin, kLoginTimeout);
      keep_for_later(head_text, rest);
      break;
    case RequestIntake::Verdict::OpenTunnel:
      heads_.keep(rest);
      dial(Phase::OpeningTunnel);
      break;
    case RequestIntake::Verdict::Forward:
      send_request(rest);
      break;
  }
}

// The head is read again when the login is checked.
void ClientSession::keep_for_later(std::string_view head_text, std::span<char> rest) {
  std::string text(head_text);
  text.append(rest.data(), rest.size());
  heads_.keep(text);
}

void ClientSession::on_checked(login::LoginResult result) {
  if (result == login::LoginResult::Accepted) {
    transaction_->is_logged_in = true;
    heads_.begin();
    phase_ = Phase::ReadingRequestHead;
  } else {
    heads_.drop_leftover();
    answer({.reason = Reason::LoginRefused});
  }
  advance();
}

ClientSession::Step ClientSession::handle_checking_login() {
  if (client_.has_failed()) {
    cut_off(Reason::ClientClosed, proto::CLIENT);
  }
  return Step::Wait;
}

void ClientSession::send_request(std::span<char> rest) {
  Transaction& transaction = *transaction_;
  intake_.write_for_origin(transaction);
  RequestRelay& request = transaction.exchange.request();
  const std::size_t used = request.feed(rest, transaction.early_body);
  if (request.state() == RequestRelay::State::Malformed) {
    return answer({.reason = Reason::MalformedRequest, .detail = "The chunked body is malformed."});
  }
  heads_.keep(rest.subspan(used));
  transaction.origin_key = transaction.event.host() + ":" + std::to_string(transaction.event.port());
  if (origin_.take_kept(transaction.origin_key)) {
    transaction.used_kept_connection = true;
    begin_exchange();
  } else {
    dial(Phase::ResolvingOrigin);
  }
}

void ClientSession::dial(Phase phase) {
  enter_without_deadline(phase);  // The dial has its own.
  const http1::Authority& authority = transaction_->target.authority;
  origin_.dial({.host = authority.host, .port = authority.port, .literal = authority.literal}, *this);
}

ClientSession::Step ClientSession::handle_opening_origin() {
  if (client_.has_failed()) {
    cut_off(Reason::ClientClosed, proto::CLIENT);
  }
  return Step::Wait;
}

void ClientSession::on_resolved_name() {
  if (phase_ == Phase::ResolvingOrigin) {
    phase_ = Phase::ConnectingToOrigin;
  }
}

void ClientSession::on_dialed(std::unique_ptr<net::Stream> stream, const base::SocketAddress& address) {
  origin_.attach(std::move(stream), address);
  if (phase_ != Phase::OpeningTunnel) {
    begin_exchange();
  } else {
    note_answer(200, context_.loop.read_clock(), *transaction_);
    if (context_.keeps_heads()) {
      transaction_->event.set_sent_head(kTunnelOpen.data(), kTunnelOpen.size());
    }
    client_.write({kTunnelOpen});
    transaction_->hello = std::make_unique<tls::ClientHelloReader>();
    (void)transaction_->hello->take(heads_.leftover());
    if (context_.settings.tls_names == options::TlsNames::Refuse) {
      enter(Phase::AwaitingClientHello, kClientHelloTimeout);
    } else {
      begin_tunnel(0);
    }
  }
  advance();
}

void ClientSession::on_dial_failed(net::DialFailure failure, int error) {
  origin_.end_dial();
  answer(answer_of(failure, error, transaction_->target.authority));
  advance();
}

void ClientSession::begin_exchange() {
  Transaction& transaction = *transaction_;
  const std::string_view octets = origin_.address().address.packed();
  transaction.event.set_origin_address(octets.data(), octets.size());
  enter(Phase::Exchanging, context_.settings.timeouts.response);
  origin_.stream().set_listener(this);
  origin_.stream().write({transaction.origin_head, transaction.early_body});
}

void ClientSession::begin_tunnel(std::uint64_t early_bytes_to_client) {
  Transaction& transaction = *transaction_;
  const std::string_view octets = origin_.address().address.packed();
  transaction.event.set_origin_address(octets.data(), octets.size());
  transaction.tunnel.emplace();
  transaction.tunnel->count_early(heads_.leftover().size(), early_bytes_to_client);
  live::add(context_.counters.tunnels_open, 1);
  enter(Phase::Tunneling, context_.settings.timeouts.tunnel_idle);
  origin_.stream().set_listener(this);
  origin_.stream().write({heads_.leftover()});
  heads_.drop_leftover();
  if (client_.has_read_ended()) {
    transaction.tunnel->end_client_to_origin(origin_.stream());
  }
}

ClientSession::Step ClientSession::handle_exchanging() {
  if (is_paused()) {
    return Step::Wait;
  }
  Transaction& transaction = *transaction_;
  const bool was_answered = transaction.is_answered();
  const Exchange::Sides sides{client_, origin_.stream(), gate_.buffer(), context_.response_head, heads_.leftover()};
  const ResponseRelay::Conditions conditions{
      .may_keep_client = transaction.client_keeps_alive && !context_.is_draining && may_ask_more(),
      .keeps_heads = context_.keeps_heads(),
      .date = was_answered ? std::string_view() : context_.date()};
  const Exchange::Status status = transaction.exchange.pump(sides, transaction, conditions);
  if (!was_answered && transaction.is_answered()) {
    note_answer(transaction.event.status(), context_.loop.read_clock(), transaction);
  }
  switch (status) {
    case Exchange::Status::Unfinished:
      context_.loop.run_at_turn_end(*this);
      [[fallthrough]];
    case Exchange::Status::Waiting:
      if (transaction.exchange.has_moved()) {
        const bool awaits_head = transaction.exchange.request().is_complete() && !transaction.is_answered();
        set_deadline(awaits_head ? context_.settings.timeouts.response : context_.settings.timeouts.body);
        transaction.departure = Departure::Unasked;
      }
      suspect_departure();
      note_progress();
      return Step::Wait;
    case Exchange::Status::Complete:
      finish_exchange();
      return Step::Continue;
    case Exchange::Status::Switched:
      begin_tunnel(transaction.exchange.early_tunnel_bytes());
      return Step::Continue;
    case Exchange::Status::RequestMalformed:
      if (transaction.is_answered()) {
        cut_off(Reason::MalformedRequest, proto::CLIENT);
      } else {
        answer({.reason = Reason::MalformedRequest, .detail = "The chunked body is malformed."});
      }
      return Step::Continue;
    case Exchange::Status::ClientLost:
      cut_off(Reason::ClientClosed, proto::CLIENT);
      return Step::Wait;
    case Exchange::Status::OriginLost:
      lose_origin(Reason::OriginClosed);
      return Step::Continue;
    case Exchange::Status::OriginMalformed:
      lose_origin(Reason::OriginMalformed);
      return Step::Continue;
  }
  return Step::Wait;
}

// The client has ended its side, and has no answer yet: is anybody there?
void ClientSession::suspect_departure() {
  Transaction& transaction = *transaction_;
  const bool can_be_asked = transaction.client_minor_version >= 1 && context_.settings.timeouts.response > kDeparturePatience;
  if (transaction.departure == Departure::Unasked && can_be_asked && client_.saw_end() && !transaction.is_answered() &&
      transaction.exchange.request().is_complete()) {
    transaction.departure = Departure::Suspected;
    set_deadline(kDeparturePatience);
  }
}

void ClientSession::lose_origin(Reason reason) {
  if (transaction_->may_retry()) {
    transaction_->was_retried = true;
    transaction_->exchange.expect_response_again();
    origin_.close();
    dial(Phase::ResolvingOrigin);
  } else if (transaction_->is_answered()) {
    cut_off(reason, proto::ORIGIN);
  } else {
    answer({.reason = reason});
  }
}

void ClientSession::finish_exchange() {
  const Exchange& exchange = transaction_->exchange;
  if (exchange.leaves_origin_usable()) {
    origin_.keep(transaction_->origin_key);
  } else {
    origin_.close();
  }
  const bool keeps_client = exchange.leaves_client_usable();
  // Closing a socket with unread data in it would reset the connection, and the client might lose the response.
  const bool must_linger = !exchange.request().is_complete() || client_.may_read() || !heads_.leftover().empty();
  finish_transaction(proto::SERVED, proto::NOBODY);
  if (keeps_client) {
    await_next_request();
  } else if (must_linger) {
    linger();
  } else {
    close();
  }
}

ClientSession::Step ClientSession::handle_awaiting_client_hello() {
  using Hello = tls::ClientHelloReader::Result;
  tls::ClientHelloReader& hello = *transaction_->hello;
  while (hello.result() == Hello::NeedsMore && client_.may_read()) {
    std::size_t bytes = 0;
    if (client_.read(context_.buffer, bytes) != ReadResult::Bytes) {
      break;
    }
    (void)hello.take({context_.buffer.data(), bytes});
    heads_.leftover().append(context_.buffer.data(), bytes);
  }
  if (client_.has_failed()) {
    finish_tunnel(Reason::ClientClosed);
    return Step::Wait;
  }
  if (hello.result() == Hello::NeedsMore && !client_.has_read_ended()) {
    return Step::Wait;
  }
  if (use_hello()) {
    begin_tunnel(0);
  }
  return Step::Continue;
}

// What is known of the ClientHello by now counts. False: the tunnel was refused.
bool ClientSession::use_hello() {
  const std::unique_ptr<tls::ClientHelloReader> hello = std::move(transaction_->hello);
  if (hello->result() != tls::ClientHelloReader::Result::Complete) {
    return true;
  }
  const Reason reason = judge_hello(hello->hello(), context_.admission, *transaction_);
  transaction_->reason = reason;
  if (reason != Reason::None && context_.settings.tls_names == options::TlsNames::Refuse) {
    refuse_tunnel(reason);
    return false;
  }
  return true;
}

void ClientSession::refuse_tunnel(Reason reason) {
  client_.write({tls_refusal()});
  heads_.drop_leftover();
  origin_.close();
  finish_transaction(text_of(reason).outcome, text_of(reason).fault);
  linger();
}

ClientSession::Step ClientSession::handle_tunneling() {
  if (is_paused()) {
    return Step::Wait;
  }
  Tunnel& tunnel = *transaction_->tunnel;
  const Tunnel::Result result = tunnel.pump(client_, origin_.stream(), gate_.buffer(), transaction_->hello.get());
  if (transaction_->hello != nullptr && transaction_->hello->result() != tls::ClientHelloReader::Result::NeedsMore) {
    (void)use_hello();
  }
  if (tunnel.has_moved()) {
    set_deadline(context_.settings.timeouts.tunnel_idle);
  }
  note_progress();
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
  if (reason != Reason::None) {
    transaction_->reason = reason;
  }
  const bool was_reset = transaction_->tunnel && transaction_->tunnel->was_reset();
  finish_transaction(proto::SERVED, text_of(reason).fault);
  if (was_reset) {
    client_.abort();
    origin_.stream().abort();
  }
  close();
}

ClientSession::Step ClientSession::handle_refusing_request() {
  if (client_.has_failed()) {
    close();
    return Step::Wait;
  }
  if (!client_.is_flushed()) {
    return Step::Wait;
  }
  const ReasonText& text = text_of(transaction_->reason);
  finish_transaction(text.outcome, text.fault);
  if (keeps_client_) {
    await_next_request();
  } else {
    linger();
  }
  return Step::Continue;
}

ClientSession::Step ClientSession::handle_lingering_close() {
  for (int reads = 0; client_.may_read(); ++reads) {
    if (reads == kLingeringReadsPerTurn) {
      context_.loop.run_at_turn_end(*this);
      return Step::Wait;
    }
    std::size_t bytes = 0;
    if (client_.read(context_.buffer, bytes) == ReadResult::Bytes) {
      await_more_to_drop();
    }
  }
  if (client_.has_read_ended() || client_.has_failed()) {
    close();
  }
  return Step::Wait;
}

// Answers itself, in the origin's place or about the proxy. The record is written when the answer is out.
void ClientSession::answer(const Answer& answer) {
  origin_.close();
  Transaction& transaction = *transaction_;
  const ReasonText& text = text_of(answer.reason);
  const bool is_connection_sound = text.fault != proto::CLIENT && text.fault != proto::PROXY;
  // What follows a CONNECT was meant for the tunnel; as a request it must never be read.
  keeps_client_ = is_connection_sound && transaction.client_keeps_alive && transaction.exchange.request().is_complete() &&
                  !transaction.is_tunnel_request() && may_ask_more() && !context_.is_draining;
  const AnswerForm form{.has_body = transaction.method() != "HEAD",
                        .prefers_json = transaction.prefers_json,
                        .is_http_1_0 = transaction.client_minor_version == 0,
                        .keeps_connection = keeps_client_,
                        .date = context_.date()};
  const AnswerText written = write_answer(answer, form);
  transaction.reason = answer.reason;
  if (transaction.slot == nullptr) {
    transaction.slot = context_.log.begin(transaction.event);
  }
  note_answer(text.status, context_.loop.read_clock(), transaction);
  if (context_.keeps_heads()) {
    transaction.event.set_sent_head(written.head);
  }
  transaction.event.set_response_body_bytes(written.body.size());
  note_progress();
  client_.write({written.head, written.body});
  if (!keeps_client_) {
    heads_.drop_leftover();
  }
  enter(Phase::RefusingRequest, context_.settings.timeouts.body);
}

// One side has left, or a limit is reached, when no answer can be given any more.
void ClientSession::cut_off(Reason reason, proto::Fault fault) {
  transaction_->reason = reason;
  // Where the end of the connection is the end of the body, only a reset tells the client that it is not complete.
  const bool would_look_complete = transaction_->exchange.response().ends_with_connection();
  finish_transaction(proto::CUT_OFF, fault);
  if (would_look_complete) {
    client_.abort();
  }
  close();
}

void ClientSession::finish_transaction(proto::Outcome outcome, proto::Fault fault) {
  if (transaction_->tunnel) {
    live::subtract(context_.counters.tunnels_open, 1);
  }
  gate_.end(*transaction_);
  if (context_.client_use != nullptr) {
    note_progress();  // The last octets are charged, too.
  }
  close_record(outcome, fault, client_.written_bytes(), context_.loop.read_clock(), *transaction_);
  context_.log.record(transaction_->event, transaction_->slot);
  context_.transactions.give_back(std::move(transaction_));
}

// A client that has ended its side may have sent further requests before.
bool ClientSession::may_ask_more() const {
  return !client_.saw_end() || !heads_.leftover().empty() || (client_.may_read() && net::has_unread_octets(client_.fd()));
}

void ClientSession::note_progress() {
  if (transaction_->slot == nullptr && context_.client_use == nullptr) {
    return;
  }
  const traffic::ByteCount so_far = bytes_so_far(*transaction_, client_.written_bytes());
  if (transaction_->slot != nullptr) {
    traffic::TrafficLog::note(*transaction_->slot, duration_us(*transaction_, context_.loop.now()), transaction_->event, so_far);
  }
  if (const auto pause = gate_.charge(so_far, *transaction_); pause.count() > 0) {
    pause_for(pause);
  }
}

void ClientSession::pause_for(std::chrono::microseconds time) {
  paused_until_ = context_.loop.now() + time;
  context_.loop.arm(resume_, paused_until_);
  if (phase_ == Phase::Exchanging) {  // It is not the client's or the origin's fault that nothing moves meanwhile.
    set_deadline(context_.settings.timeouts.body + std::chrono::ceil<std::chrono::milliseconds>(time));
  }
}

void ClientSession::tell_progress(std::chrono::milliseconds long_is) {
  const bool is_moving = phase_ == Phase::Exchanging || phase_ == Phase::Tunneling;
  if (is_moving && transaction_->slot != nullptr && context_.loop.now() - transaction_->started >= long_is) {
    note_progress();
    context_.log.tell_progress(*transaction_->slot, transaction_->event);
  }
}

void ClientSession::await_next_request() {
  enter(Phase::AwaitingNextRequest, context_.settings.timeouts.idle);
  if (context_.is_draining && heads_.leftover().empty()) {
    linger();
  }
}

void ClientSession::linger() {
  client_.finish_writing();
  phase_ = Phase::LingeringClose;
  lingers_until_ = context_.loop.now() + context_.settings.timeouts.body;
  await_more_to_drop();
}

void ClientSession::await_more_to_drop() { context_.loop.arm(deadline_, std::min(context_.loop.now() + kLingerSilence, lingers_until_)); }

void ClientSession::on_timer(net::Timer& timer) {
  if (&timer == &resume_) {
    return advance();
  }
  switch (phase_) {
    case Phase::ReadingRequestHead:
      answer({.reason = Reason::HeadTimeout});
      break;
    case Phase::Exchanging:
      handle_exchange_timeout();
      break;
    case Phase::AwaitingClientHello:
      if (use_hello()) {
        begin_tunnel(0);
      }
      break;
    case Phase::Tunneling:
      finish_tunnel(Reason::TunnelIdleTimeout);
      break;
    case Phase::CheckingLogin:
      Query::cancel();
      answer({.reason = Reason::LoginOverloaded});
      break;
    case Phase::AwaitingNextRequest:
    case Phase::ResolvingOrigin:
    case Phase::ConnectingToOrigin:
    case Phase::OpeningTunnel:
    case Phase::RefusingRequest:
    case Phase::LingeringClose:
    case Phase::Closed:
      close();
      break;
  }
  advance();
}

// Nothing has moved for too long: it is the turn of whoever does not take or send.
void ClientSession::handle_exchange_timeout() {
  if (transaction_->departure == Departure::Suspected && !transaction_->is_answered()) {
    transaction_->departure = Departure::Asked;
    client_.write({kDepartureProbe});
    return set_deadline(context_.settings.timeouts.response);
  }
  const bool request_is_complete = transaction_->exchange.request().is_complete();
  const bool client_owes_body = !request_is_complete && origin_.stream().is_flushed() && client_.is_flushed();
  if (transaction_->is_answered()) {
    cut_off(Reason::BodyTimeout, client_owes_body || !client_.is_flushed() ? proto::CLIENT : proto::ORIGIN);
  } else if (client_owes_body) {
    answer({.reason = Reason::HeadTimeout, .detail = "The body of the request did not arrive in time."});
  } else {
    answer({.reason = request_is_complete ? Reason::ResponseTimeout : Reason::BodyTimeout});
  }
}

void ClientSession::drain() {
  // A request may have arrived that the loop has not told of yet: the socket knows.
  if (phase_ == Phase::AwaitingNextRequest && net::is_silent_and_open(client_.fd())) {
    close();
  }
}

void ClientSession::end_now() {
  switch (phase_) {
    case Phase::Exchanging:
      if (transaction_->is_answered()) {
        cut_off(Reason::Drained, proto::PROXY);
        break;
      }
      [[fallthrough]];
    case Phase::ReadingRequestHead:
    case Phase::CheckingLogin:
    case Phase::ResolvingOrigin:
    case Phase::ConnectingToOrigin:
    case Phase::OpeningTunnel:
      answer({.reason = Reason::Drained});
      break;
    case Phase::AwaitingClientHello:
    case Phase::Tunneling:
      finish_tunnel(Reason::Drained);
      break;
    case Phase::AwaitingNextRequest:
    case Phase::RefusingRequest:
    case Phase::LingeringClose:
    case Phase::Closed:
      break;
  }
  close();
}

void ClientSession::close() {
  if (phase_ == Phase::Closed) {
    return;
  }
  if (transaction_ != nullptr) {
    // An answer of our own that is still on its way, or that the client did not wait for.
    const ReasonText& text = text_of(transaction_->reason);
    finish_transaction(text.outcome, text.fault);
  }
  enter_without_deadline(Phase::Closed);
  Query::cancel();
  origin_.close();
  client_.close();
  context_.loop.cancel(*this);
  live::subtract(context_.counters.client_connections_open, 1);
  owner_.on_session_closed(*this);
}

}  // namespace weir::session
