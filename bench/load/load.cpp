// Closed-loop load for a running proxy, with an origin of its own: prints one JSON object. bench/load/run uses it.
#include <arpa/inet.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/load/client.h"
#include "bench/load/event_loop.h"
#include "bench/load/origin.h"
#include "bench/load/tally.h"
#include "common/base/unique_fd.h"

namespace weir::load {

namespace {

constexpr std::chrono::milliseconds kTurn{50};
constexpr std::chrono::seconds kFinishLimit{10};  // the operations under way when time is up

struct Wish {
  std::string proxy_address = "127.0.0.1";
  std::uint16_t proxy_port = 8080;
  Pattern pattern = Pattern::KeepAlive;
  unsigned connections = 64;
  double seconds = 5;
  double warm_up_seconds = 0.5;
  std::size_t body_bytes = 1024;
  std::size_t echo_bytes = 64;
  unsigned sources = 16;
};

std::string content(std::size_t count) {
  std::string text(count, ' ');
  for (std::size_t index = 0; index < count; ++index) {
    text[index] = static_cast<char>('a' + (index * 7 + index / 251) % 26);
  }
  return text;
}

std::string response_of(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string request_of(Pattern pattern, std::uint16_t port) {
  const std::string authority = "127.0.0.1:" + std::to_string(port);
  if (pattern == Pattern::Tunnel) {
    return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\nUser-Agent: weir-load\r\n\r\n";
  }
  return "GET http://" + authority + "/load HTTP/1.1\r\nHost: " + authority + "\r\nUser-Agent: weir-load\r\nAccept: */*\r\n\r\n";
}

nlohmann::ordered_json report(const Wish& wish, Tally& tally, const OriginTally& origin, unsigned unfinished) {
  return {{"connections", wish.connections},
          {"seconds", wish.seconds},
          {"requests", tally.total()},
          {"requests_measured", tally.measured()},
          {"requests_per_second", tally.per_second()},
          {"p50_us", tally.latency_us(0.5)},
          {"p90_us", tally.latency_us(0.9)},
          {"p99_us", tally.latency_us(0.99)},
          {"p99_9_us", tally.latency_us(0.999)},
          {"over_20_ms", tally.count_over(std::chrono::milliseconds(20))},
          {"max_us", tally.latency_us(1)},
          {"failures", tally.failures()},
          {"unfinished", unfinished},
          {"origin_requests", origin.requests},
          {"origin_connections", origin.connections},
          {"origin_bad_requests", origin.bad_requests}};
}

nlohmann::ordered_json run(const Wish& wish) {
  const std::string body = content(wish.body_bytes);
  const std::string response = response_of(body);
  const auto span = [](double seconds) { return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)); };
  const Clock::time_point measured_from = Clock::now() + span(wish.warm_up_seconds);
  const Clock::time_point end = measured_from + span(wish.seconds);
  Tally tally(measured_from, end);
  OriginTally origin;
  unsigned running = 0;
  Plan plan;
  plan.pattern = wish.pattern;
  plan.body = body;
  plan.echo = content(wish.echo_bytes);
  plan.sources = wish.sources;
  EventLoop loop;  // Goes first: its watchers refer to all of the above.

  plan.proxy.sin_family = AF_INET;
  plan.proxy.sin_port = htons(wish.proxy_port);
  if (::inet_pton(AF_INET, wish.proxy_address.c_str(), &plan.proxy.sin_addr) != 1) {
    throw std::invalid_argument("--proxy: expected ADDRESS:PORT with an IPv4 address");
  }
  const bool is_tunnel = wish.pattern == Pattern::Tunnel;
  plan.request = request_of(wish.pattern, is_tunnel ? listen_for_echo(loop, origin) : listen_for_http(loop, response, origin));
  for (unsigned number = 0; number < wish.connections; ++number) {
    loop.adopt(std::make_unique<Client>(loop, plan, tally, number, running));
  }
  while (Clock::now() < end && running > 0) {
    loop.turn(kTurn);
  }
  plan.is_stopping = true;
  while (running > 0 && Clock::now() < end + kFinishLimit) {
    loop.turn(kTurn);
  }
  return report(wish, tally, origin, running);
}

void declare(CLI::App& app, Wish& wish) {
  app.add_option_function<std::string>(
         "--proxy",
         [&wish](const std::string& text) {
           const std::size_t colon = text.rfind(':');
           const int port = colon == std::string::npos ? 0 : std::atoi(text.c_str() + colon + 1);
           if (port <= 0 || port > 65535) {
             throw CLI::ValidationError("--proxy", "expected ADDRESS:PORT");
           }
           wish.proxy_address = text.substr(0, colon);
           wish.proxy_port = static_cast<std::uint16_t>(port);
         },
         "The proxy's IPv4 ADDRESS:PORT")
      ->required();
  const std::map<std::string, Pattern> patterns{
      {"keep-alive", Pattern::KeepAlive}, {"new-connection", Pattern::NewConnection}, {"tunnel", Pattern::Tunnel}};
  app.add_option("--pattern", wish.pattern, "keep-alive, new-connection or tunnel")->transform(CLI::CheckedTransformer(patterns));
  app.add_option("--connections", wish.connections, "Clients at once")->check(CLI::Range(1U, 20000U));
  app.add_option("--seconds", wish.seconds, "How long is measured")->check(CLI::Range(0.01, 86400.0));
  app.add_option("--warm-up", wish.warm_up_seconds, "Seconds before that")->check(CLI::Range(0.0, 3600.0));
  app.add_option("--body-bytes", wish.body_bytes, "Size of each response's body")->check(CLI::Range(0U, 1U << 20U));
  app.add_option("--echo-bytes", wish.echo_bytes, "What goes through each tunnel")->check(CLI::Range(1U, 16384U));
  app.add_option("--sources", wish.sources, "Client addresses, from 127.0.0.1 on")->check(CLI::Range(1U, 254U));
}

}  // namespace

}  // namespace weir::load

int main(int argc, char** argv) {
  CLI::App app("Closed-loop load for a running proxy");
  weir::load::Wish wish;
  weir::load::declare(app, wish);
  CLI11_PARSE(app, argc, argv);
  try {
    std::cout << weir::load::run(wish).dump() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "load: " << error.what() << std::endl;
    return 1;
  }
  return 0;
}
