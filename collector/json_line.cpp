#include "collector/json_line.h"

#include <array>
#include <charconv>

#include "collector/text.h"
#include "common/store/log_file.h"

namespace weir::collector {

namespace {

// Writes `{"key": value, ...}` piece by piece. Keys and words are ours and need no escaping.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view key, std::string_view octets) {
    begin(key);
    append_json_text(out_, octets);
  }

  void word(std::string_view key, std::string_view word) {
    begin(key);
    out_ += '"';
    out_ += word;
    out_ += '"';
  }

  void number(std::string_view key, std::int64_t value) {
    begin(key);
    append(value);
  }

  // Seconds with as many decimals as there are, at least one: 2.0, 0.040203.
  void seconds(std::string_view key, std::optional<std::int64_t> us) {
    begin(key);
    if (!us) {
      out_ += "null";
      return;
    }
    append(*us / 1'000'000);
    std::array<char, 7> fraction{'.'};
    std::int64_t rest = *us % 1'000'000;
    for (std::size_t digit = fraction.size(); digit-- > 1; rest /= 10) {
      fraction[digit] = static_cast<char>('0' + rest % 10);
    }
    std::size_t length = fraction.size();
    while (length > 2 && fraction[length - 1] == '0') {
      --length;
    }
    out_.append(fraction.data(), length);
  }

  void end() { out_ += "}\n"; }

 private:
  void begin(std::string_view key) {
    out_ += is_first_ ? "\"" : ", \"";
    is_first_ = false;
    out_ += key;
    out_ += "\": ";
  }

  void append(std::int64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out_.append(digits.data(), end.ptr);
  }

  std::string& out_;
  bool is_first_ = true;
};

// The empty line at a head's end is left out, so that a tunnel's answer is the status line alone, as the original's.
std::string_view without_empty_line(std::string_view head) {
  return head.ends_with("\r\n\r\n") ? head.substr(0, head.size() - 4) : head;
}

void append_traffic(ObjectWriter& line, const TrafficRecord& record, std::int64_t id, TimeText& time_text) {
  line.text("Incoming header", record.incoming_head);
  if (record.scheme != store::Scheme::Https) {
    line.text("Modified header", record.modified_head);
    line.text("Server response received", record.origin_head);
  }
  line.text("Proxy response sent", without_empty_line(record.sent_head));
  line.number("Bytes sent", record.bytes_sent);
  line.number("Bytes received", record.bytes_received);
  line.seconds("Request duration (s)", record.duration_us);
  line.seconds("TTFB (s)", record.ttfb_us);
  line.word("Time", time_text.utc(id));
  line.word("Client IP", record.client_address);
  line.number("Client port", record.client_port);
  line.text("Host", record.host);
  line.number("Port", record.port);
  line.text("Method", record.method);
  line.text("URL path", record.path);
  line.number("Status", record.status);
  line.word("Outcome", to_string(record.outcome));
  line.word("Fault", to_string(record.fault));
  line.text("Reason", record.reason);
  line.word("Origin IP", record.origin_address);
  line.number("Response body bytes", record.response_body_bytes);
  line.number("Request body bytes", record.request_body_bytes);
}

void append_blocked(ObjectWriter& line, const TrafficRecord& record, std::int64_t id, TimeText& time_text) {
  line.text("Blocked hostname", record.host);
  line.word("Client IP", record.client_address);
  line.text("Reason", record.reason);
  line.text("Rule", record.rule);
  line.text("Rule list", record.rule_list);
  line.word("Time", time_text.utc(id));
  line.number("Client port", record.client_port);
  line.number("Port", record.port);
  line.text("Method", record.method);
  line.text("URL path", record.path);
  line.text("User agent", record.user_agent);
  line.word("Origin IP", record.origin_address);
  line.number("Status", record.status);
  line.word("Outcome", to_string(record.outcome));
}

void append_rate_limited(ObjectWriter& line, const TrafficRecord& record, std::int64_t id, TimeText& time_text) {
  line.word("Client IP", record.client_address);
  line.number("Request count", record.requests_in_window);
  line.word("Time", time_text.utc(id));
  line.number("Client port", record.client_port);
  line.text("Host", record.host);
  line.number("Port", record.port);
  line.text("Method", record.method);
  line.text("URL path", record.path);
  line.text("User agent", record.user_agent);
  line.number("Status", record.status);
}

}  // namespace

void append_json_line(std::string& out, const TrafficRecord& record, std::int64_t request_id, TimeText& time_text) {
  ObjectWriter line(out);
  line.word("Timestamp", time_text.local_second(request_id));
  switch (store::log_kind(record.outcome, record.fault)) {
    case store::LogKind::WebsiteTraffic:
      append_traffic(line, record, request_id, time_text);
      break;
    case store::LogKind::Blocked:
      append_blocked(line, record, request_id, time_text);
      break;
    case store::LogKind::RateLimited:
      append_rate_limited(line, record, request_id, time_text);
      break;
  }
  line.number("Worker", record.worker_id);
  line.number("Request id", request_id);
  line.end();
}

}  // namespace weir::collector
