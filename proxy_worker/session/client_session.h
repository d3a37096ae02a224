// One client connection and its requests, one after the other: the story of docs/life_of_a_request.md. Owned by the
// worker; asks it to be retired when it is closed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/ip_address.h"
#include "proxy_worker/http1/head_scanner.h"
#include "proxy_worker/net/origin_dialer.h"
#include "proxy_worker/net/stream.h"
#include "proxy_worker/session/answer.h"
#include "proxy_worker/session/request_relay.h"
#include "proxy_worker/session/response_relay.h"
#include "proxy_worker/session/session_context.h"
#include "proxy_worker/session/tunnel.h"

namespace weir::session {

enum class Phase : std::uint8_t {
  AwaitingNextRequest,  // nothing of a request has arrived
  ReadingRequestHead,   // its first octet has
  ResolvingOrigin,      // the origin's name is being resolved
  ConnectingToOrigin,   // the connection to the origin is being made
  OpeningTunnel,        // both of these for CONNECT
  Exchanging,           // request and response flow
  Tunneling,            // octets flow, unread
  RefusingRequest,      // an answer of our own is on its way to the client
  LingeringClose,       // everything is said; what the client still sends is thrown away, so that it can read the answer
  Closed,
};

class ClientSession : public net::Retirable,
                      private net::Stream::Listener,
                      private net::OriginDial::Listener,
                      private net::Timer::Listener,
                      private net::Task {
 public:
  class Owner {
   public:
    virtual void on_session_closed(ClientSession& session) = 0;

   protected:
    ~Owner() = default;
  };

  ClientSession(SessionContext& context, Owner& owner, base::UniqueFd fd, const base::SocketAddress& client, std::uint64_t connection_id);
  ~ClientSession() override;

  void start();
  // The worker is to end: an idle connection closes now, a busy one after its request.
  void drain();
  // The worker's patience is over: the request ends now, and is recorded.
  void end_now();
  Phase phase() const { return phase_; }

 private:
  enum class Step : std::uint8_t { Continue, Wait };

  void on_stream(net::Stream& stream) override;
  void on_timer(net::Timer& timer) override;
  void run() override;
  void on_resolved_name() override;
  void on_dialed(std::unique_ptr<net::Stream> stream, const base::SocketAddress& address) override;
  void on_dial_failed(net::DialFailure failure, int error) override;

  void advance();
  Step step();
  void enter(Phase phase);
  void set_deadline(std::chrono::milliseconds after);

  // One per phase that waits for the client or the origin.
  Step handle_awaiting_next_request();
  Step handle_reading_request_head();
  Step handle_dialing();
  Step handle_exchanging();
  Step handle_tunneling();
  Step handle_refusing_request();
  Step handle_lingering_close();

  // From the first octet to the origin.
  void begin_transaction();
  Step read_more_of_head();
  Step take_head(std::span<char> bytes);
  std::size_t open_request(std::string_view head_text, std::span<char> rest);
  void record_request_heads(const http1::RequestHead& head);
  std::optional<Answer> admit();
  std::size_t send_request(std::span<char> rest);
  void dial();
  void attach_origin(std::unique_ptr<net::Stream> stream, const base::SocketAddress& address);
  void open_tunnel();

  // The exchange.
  bool move_request();
  bool move_response();
  void take_response(std::span<char> bytes);
  void lose_origin(Reason reason);
  bool may_retry() const;
  void switch_protocols();
  void finish_exchange();

  // Ends.
  void refuse(const Answer& answer);
  void fail(Reason reason, std::string detail = {});
  void cut_off(Reason reason, proto::Fault fault);
  void finish_tunnel(Reason reason);
  void finish_transaction(proto::Outcome outcome, proto::Fault fault);
  void await_next_request();
  void close_politely();
  void close_origin();
  void close();

  SessionContext& context_;
  Owner& owner_;
  net::Stream client_;
  base::SocketAddress client_address_;
  std::uint64_t connection_id_;
  std::uint32_t request_number_ = 0;
  Phase phase_ = Phase::AwaitingNextRequest;
  bool is_advancing_ = false;
  bool keeps_client_ = false;        // RefusingRequest: another request may follow
  bool origin_has_surplus_ = false;  // it sent more than its response
  std::string input_;                // read from the client, not used yet: a part of a head, or what came behind one
  http1::HeadScanner scanner_;
  std::unique_ptr<Transaction> transaction_;
  std::unique_ptr<net::OriginDial> dial_;
  std::unique_ptr<net::Stream> origin_;
  base::SocketAddress origin_address_;
  RequestRelay request_;
  ResponseRelay response_;
  std::optional<Tunnel> tunnel_;
  net::Timer deadline_{*this};
};

}  // namespace weir::session
