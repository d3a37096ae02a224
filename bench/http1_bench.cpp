// What a request costs in the HTTP/1 library: its head in and out, and a chunked body.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "proxy_worker/http1/body_decoder.h"
#include "proxy_worker/http1/head_parser.h"
#include "proxy_worker/http1/head_scanner.h"
#include "proxy_worker/http1/head_writer.h"

namespace weir::http1 {
namespace {

// As a browser sends it through a proxy.
const std::string kRequest =
    "GET http://www.meadow.example/assets/images/map-4f2a91.png?v=17 HTTP/1.1\r\n"
    "Host: www.meadow.example\r\n"
    "Proxy-Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\r\n"
    "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\n"
    "Referer: http://www.meadow.example/places/north\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Accept-Language: en-GB,en-US;q=0.9,en;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; seen=1\r\n"
    "If-None-Match: \"5f3c-60a1b2c3d4e5f\"\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";

const std::string kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Mon, 01 Jan 2024 10:00:00 GMT\r\n"
    "Content-Type: image/png\r\n"
    "Content-Length: 24380\r\n"
    "Last-Modified: Sun, 31 Dec 2023 10:00:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"5f3c-60a1b2c3d4e5f\"\r\n"
    "Cache-Control: public, max-age=3600\r\n"
    "Accept-Ranges: bytes\r\n"
    "\r\n";

void set_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes));
}

void ScanHead(benchmark::State& state) {
  for (auto _ : state) {
    HeadScanner scanner;
    benchmark::DoNotOptimize(scanner.scan(kRequest));
  }
  set_bytes(state, kRequest.size());
}
BENCHMARK(ScanHead);

void ParseRequestHead(benchmark::State& state) {
  RequestHead head;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_request_head(kRequest, head));
  }
  set_bytes(state, kRequest.size());
}
BENCHMARK(ParseRequestHead);

void ParseRequestTarget(benchmark::State& state) {
  RequestHead head;
  (void)parse_request_head(kRequest, head);
  RequestTarget target;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parse_request_target(head.method, head.target, target));
  }
}
BENCHMARK(ParseRequestTarget);

void WriteRequestHead(benchmark::State& state) {
  RequestHead head;
  RequestTarget target;
  (void)parse_request_head(kRequest, head);
  (void)parse_request_target(head.method, head.target, target);
  std::string out;
  for (auto _ : state) {
    out.clear();
    write_request_head(head, {.target = target, .framing = {}}, out);
    benchmark::DoNotOptimize(out.data());
  }
  set_bytes(state, kRequest.size());
}
BENCHMARK(WriteRequestHead);

// All of it together, as the session does it once per request.
void ForwardRequestHead(benchmark::State& state) {
  RequestHead head;
  RequestTarget target;
  BodyFraming framing;
  std::string out;
  for (auto _ : state) {
    HeadScanner scanner;
    benchmark::DoNotOptimize(scanner.scan(kRequest));
    benchmark::DoNotOptimize(parse_request_head(kRequest, head));
    benchmark::DoNotOptimize(parse_request_target(head.method, head.target, target));
    benchmark::DoNotOptimize(request_framing(head, framing));
    out.clear();
    write_request_head(head, {.target = target, .framing = framing}, out);
    benchmark::DoNotOptimize(out.data());
  }
  set_bytes(state, kRequest.size());
}
BENCHMARK(ForwardRequestHead);

void ForwardResponseHead(benchmark::State& state) {
  ResponseHead head;
  BodyFraming framing;
  std::string out;
  for (auto _ : state) {
    HeadScanner scanner;
    benchmark::DoNotOptimize(scanner.scan(kResponse));
    benchmark::DoNotOptimize(parse_response_head(kResponse, head));
    benchmark::DoNotOptimize(response_framing(head, "GET", framing));
    out.clear();
    write_response_head(head, {.client_framing = framing.kind}, out);
    benchmark::DoNotOptimize(out.data());
  }
  set_bytes(state, kResponse.size());
}
BENCHMARK(ForwardResponseHead);

// 64 KiB of content in chunks of the given size. Decoding works in place: each round needs a fresh copy, which
// CopyChunkedBody measures alone.
std::string chunked_body(std::size_t chunk_bytes) {
  constexpr std::size_t kContentBytes = 64 * 1024;
  char size_line[32];
  std::snprintf(size_line, sizeof size_line, "%zx\r\n", chunk_bytes);
  std::string body;
  for (std::size_t content = 0; content < kContentBytes; content += chunk_bytes) {
    body += size_line + std::string(chunk_bytes, 'x') + "\r\n";
  }
  return body + "0\r\n\r\n";
}

void DecodeChunkedBody(benchmark::State& state) {
  const std::string body = chunked_body(static_cast<std::size_t>(state.range(0)));
  std::string bytes;
  for (auto _ : state) {
    bytes = body;
    BodyDecoder decoder({BodyKind::Chunked, 0});
    benchmark::DoNotOptimize(decoder.decode(bytes));
  }
  set_bytes(state, body.size());
}
BENCHMARK(DecodeChunkedBody)->Arg(64)->Arg(1024)->Arg(8192)->Arg(65536);

void CopyChunkedBody(benchmark::State& state) {
  const std::string body = chunked_body(8192);
  std::string bytes;
  for (auto _ : state) {
    bytes = body;
    benchmark::DoNotOptimize(bytes.data());
  }
  set_bytes(state, body.size());
}
BENCHMARK(CopyChunkedBody);

}  // namespace
}  // namespace weir::http1
