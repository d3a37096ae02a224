// One client of a closed loop: asks, checks the answer to the octet, asks again. One thread.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/event_loop.h"
#include "bench/load/response_reader.h"
#include "bench/load/tally.h"
#include "common/base/unique_fd.h"

namespace weir::load {

enum class Pattern {
  KeepAlive,      // GETs over one connection
  NewConnection,  // each GET over a connection of its own
  Tunnel,         // each time: CONNECT, one echo, close
};

// The same for all clients of a run; outlives them.
struct Plan {
  Pattern pattern = Pattern::KeepAlive;
  sockaddr_in proxy{};
  std::string request;     // GET or CONNECT
  std::string body;        // of every response
  std::string echo;        // what is sent through a tunnel
  unsigned sources = 1;    // client addresses 127.0.0.1, .2, ... in turn: each has 28,000 ports
  bool is_stopping = false;
};

class Client final : public Watcher {
 public:
  // `plan`, `tally` and `running` (how many clients there are) outlive the client; `loop` owns it.
  Client(EventLoop& loop, const Plan& plan, Tally& tally, unsigned number, unsigned& running);
  ~Client() override;

  Next on_ready(std::uint32_t events) override;

 private:
  enum class Phase {
    Connecting,        // the socket is not connected yet
    OpeningTunnel,     // CONNECT is sent
    AwaitingResponse,  // GET is sent
    AwaitingEcho,      // the tunnel's octets are sent
  };

  [[nodiscard]] bool connect();
  Next ask();
  Next take(std::string_view octets);
  Next take_echo(std::string_view octets);
  Next complete();
  Next fail(const std::string& kind);
  [[nodiscard]] bool send(std::string_view octets);

  EventLoop& loop_;
  const Plan& plan_;
  Tally& tally_;
  unsigned& running_;
  unsigned next_source_;
  base::UniqueFd fd_;
  Phase phase_ = Phase::Connecting;
  ResponseReader reader_;
  std::size_t echoed_ = 0;
  Clock::time_point began_;
};

}  // namespace weir::load
