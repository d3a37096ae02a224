// One client connection and its requests, one after the other: the story of docs/life_of_a_request.md. Owned by the
// worker; asks it to be retired when it is closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy_worker/net/stream.h"
#include "proxy_worker/session/answer.h"
#include "proxy_worker/session/gate.h"
#include "proxy_worker/session/head_reader.h"
#include "proxy_worker/session/origin_link.h"
#include "proxy_worker/session/request_intake.h"
#include "proxy_worker/session/session_context.h"
#include "proxy_worker/session/traffic_record.h"

namespace weir::session {

enum class Phase : std::uint8_t {
  AwaitingNextRequest,  // nothing of a request has arrived
  ReadingRequestHead,   // its first octet has
  CheckingLogin,        // the password is being hashed
  ResolvingOrigin,      // the origin's name is being resolved
  ConnectingToOrigin,   // the connection to the origin is being made
  OpeningTunnel,        // both of these for CONNECT
  Exchanging,           // request and response flow
  AwaitingClientHello,  // the tunnel is open; nothing goes through it before the client has said whom it wants
  Tunneling,            // octets flow, unread
  RefusingRequest,      // an answer of our own is on its way to the client
  LingeringClose,       // everything is said; what the client still sends is thrown away, so that it can read the answer
  Closed,
};

class ClientSession : public net::Retirable,
                      private net::Stream::Listener,
                      private net::OriginDial::Listener,
                      private net::Timer::Listener,
                      private login::LoginChecker::Query,
                      private net::Task {
 public:
  class Owner {
   public:
    virtual void on_session_closed(ClientSession& session) = 0;

   protected:
    ~Owner() = default;
  };

  ClientSession(SessionContext& context, Owner& owner, base::UniqueFd fd, const ClientIdentity& client);
  ~ClientSession() override;

  void start();
  // The worker is to end: an idle connection closes now, a busy one after its request.
  void drain();
  // The worker's patience is over: the request ends now, and is recorded.
  void end_now();
  const ClientIdentity& client() const { return identity_; }
  // A request that goes on for long has its octets so far recorded.
  void tell_progress(std::chrono::milliseconds long_is);

 private:
  // Continue: another phase, or another look at this one, now. Wait: for an event.
  enum class Step : std::uint8_t { Continue, Wait };

  void on_stream(net::Stream& stream) override;
  void on_timer(net::Timer& timer) override;
  void run() override;
  void on_checked(login::LoginResult result) override;
  void on_resolved_name() override;
  void on_dialed(std::unique_ptr<net::Stream> stream, const base::SocketAddress& address) override;
  void on_dial_failed(net::DialFailure failure, int error) override;

  void advance();
  Step step();
  void enter(Phase phase, std::chrono::milliseconds deadline);
  void enter_without_deadline(Phase phase);
  void set_deadline(std::chrono::milliseconds after);

  Step handle_awaiting_next_request();
  Step handle_reading_request_head();
  Step handle_opening_origin();
  Step handle_exchanging();
  Step handle_tunneling();
  Step handle_refusing_request();
  Step handle_lingering_close();

  // From the first octet to the origin.
  void begin_transaction();
  Step take_read(std::size_t bytes);
  Step take_head(HeadReader::Result result);
  void use_head(std::string_view head_text, std::span<char> rest);
  void keep_for_later(std::string_view head_text, std::span<char> rest);
  Step handle_checking_login();
  Step handle_awaiting_client_hello();
  bool use_hello();
  void refuse_tunnel(Reason reason);
  void send_request(std::span<char> rest);
  void dial(Phase phase);
  void begin_exchange();
  void begin_tunnel(std::uint64_t early_bytes_to_client);

  // Ends.
  void suspect_departure();
  bool may_ask_more() const;
  void note_progress();
  void pause_for(std::chrono::microseconds time);
  bool is_paused() const { return paused_until_ > context_.loop.now(); }
  void handle_exchange_timeout();
  void finish_exchange();
  void lose_origin(Reason reason);
  void answer(const Answer& answer);
  void cut_off(Reason reason, proto::Fault fault);
  void finish_tunnel(Reason reason);
  void finish_transaction(proto::Outcome outcome, proto::Fault fault);
  void await_next_request();
  void linger();
  void await_more_to_drop();
  void close();

  SessionContext& context_;
  Owner& owner_;
  ClientIdentity identity_;
  Gate gate_;
  RequestIntake intake_;
  net::Stream client_;
  OriginLink origin_;
  Phase phase_ = Phase::AwaitingNextRequest;
  bool is_advancing_ = false;
  bool keeps_client_ = false;  // RefusingRequest: another request may follow
  std::uint32_t request_count_ = 0;
  HeadReader heads_;
  std::unique_ptr<Transaction> transaction_;  // nullptr while there is no request
  net::Timer deadline_{*this};
  net::TimePoint paused_until_{};  // the client keeps to its pace
  net::Timer resume_{*this};
  net::TimePoint lingers_until_{};  // LingeringClose: however much the client still sends
};

}  // namespace weir::session
