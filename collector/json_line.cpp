#include "collector/json_line.h"

#include <array>
#include <charconv>
#include <cstring>

#include "collector/text.h"
#include "common/store/log_file.h"

namespace weir::collector {

namespace {

// Writes `{"key": value, ...}` piece by piece. Keys and words are ours and need no escaping. Keys are literals, so that
// copying one is a few instructions.
class ObjectWriter {
 public:
  explicit ObjectWriter(LineBuffer& out) : out_(out) {
    char* end = out_.begin_append(1);
    *end++ = '{';
    out_.finish_append(end);
  }

  template <std::size_t N>
  void text(const char (&key)[N], std::string_view octets) {
    append(key, [octets](char* end) { return write_json_text(end, octets); }, json_text_bytes_max(octets.size()));
  }

  // A head and, under a key of its own, what became of it. What both have in common is escaped once.
  template <std::size_t N, std::size_t M>
  void heads(const char (&key)[N], std::string_view head, const char (&changed_key)[M], const HeadChanges& changes,
             std::string_view left_out_at_end = {}) {
    const std::size_t head_bytes_max = json_text_bytes_max(head.size());
    const std::size_t changed_bytes_max = json_text_bytes_max(head.size() + changes.text().size());
    char* end = out_.begin_append(N + M + 2 * kAroundBytes + head_bytes_max + changed_bytes_max);
    end = write_key(end, key);
    // The changed head grows where the other one cannot reach, and moves next to it at last.
    char* const changed = end + head_bytes_max + kAroundBytes + M;
    char* changed_end = changed;
    *end++ = '"';
    std::string_view head_left = head;
    std::string_view text_left = changes.text();
    const auto write_part = [&end, &head_left](std::size_t octets) {
      end = write_json_octets(end, head_left.substr(0, octets), head_left.size() - octets);
      head_left.remove_prefix(octets);
    };
    if (changes.end_with(left_out_at_end)) {
      text_left.remove_suffix(left_out_at_end.size());
    }
    changes.for_each_step([&](const HeadChanges::Step& step) {
      const std::string_view put_in = text_left.substr(0, step.put_in);
      changed_end = write_json_octets(changed_end, put_in, text_left.size() - put_in.size());
      text_left.remove_prefix(put_in.size());
      write_part(step.left_out);
      const char* const copied = end;
      write_part(step.copied);
      const auto copied_bytes = static_cast<std::size_t>(end - copied);
      std::memcpy(changed_end, copied, copied_bytes);
      changed_end += copied_bytes;
    });
    write_part(head_left.size());
    *end++ = '"';
    end = write_key(write_separator(end), changed_key);
    *end++ = '"';
    const auto changed_bytes = static_cast<std::size_t>(changed_end - changed);
    std::memmove(end, changed, changed_bytes);
    end += changed_bytes;
    *end++ = '"';
    out_.finish_append(write_separator(end));
  }

  template <std::size_t N>
  void word(const char (&key)[N], std::string_view word) {
    append(key, [word](char* end) {
      *end++ = '"';
      std::memcpy(end, word.data(), word.size());
      end += word.size();
      *end++ = '"';
      return end;
    }, word.size() + 2);
  }

  template <std::size_t N>
  void number(const char (&key)[N], std::int64_t value) {
    append(key, [value](char* end) { return write_number(end, value); }, kNumberBytesMax);
  }

  template <std::size_t N>
  void seconds(const char (&key)[N], std::optional<std::int64_t> us) {
    append(key, [us](char* end) { return write_seconds(end, us); }, kNumberBytesMax);
  }

  void end() {
    char* end = out_.begin_append(2);
    end -= kSeparator.size();  // behind the last value
    *end++ = '}';
    *end++ = '\n';
    out_.finish_append(end);
  }

 private:
  static constexpr std::string_view kSeparator = ", ";
  static constexpr std::size_t kNumberBytesMax = 32;

  // Quotes, colon and separator around a key and its value, and what their stores may reach beyond.
  static constexpr std::size_t kAroundBytes = 8;

  // `"key": `
  template <std::size_t N>
  static char* write_key(char* end, const char (&key)[N]) {
    *end++ = '"';
    std::memcpy(end, key, N - 1);
    end += N - 1;
    std::memcpy(end, "\": ", 3);
    return end + 3;
  }

  static char* write_separator(char* end) {
    std::memcpy(end, kSeparator.data(), kSeparator.size());
    return end + kSeparator.size();
  }

  // A key, what `write` puts behind it, and the separator.
  template <std::size_t N, class Write>
  void append(const char (&key)[N], Write write, std::size_t bytes_max) {
    char* end = out_.begin_append(N + bytes_max + kAroundBytes);
    out_.finish_append(write_separator(write(write_key(end, key))));
  }

  static char* write_number(char* out, std::int64_t value) { return std::to_chars(out, out + kNumberBytesMax, value).ptr; }

  // Seconds with as many decimals as there are, at least one: 2.0, 0.040203.
  static char* write_seconds(char* out, std::optional<std::int64_t> us) {
    if (!us) {
      std::memcpy(out, "null", 4);
      return out + 4;
    }
    out = write_number(out, *us / 1'000'000);
    std::array<char, 7> fraction{'.'};
    std::int64_t rest = *us % 1'000'000;
    for (std::size_t digit = fraction.size(); digit-- > 1; rest /= 10) {
      fraction[digit] = static_cast<char>('0' + rest % 10);
    }
    std::size_t length = fraction.size();
    while (length > 2 && fraction[length - 1] == '0') {
      --length;
    }
    std::memcpy(out, fraction.data(), length);
    return out + length;
  }

  LineBuffer& out_;
};

// Left out at the end of what the client was sent, so that a tunnel's answer is the status line alone, as the original's.
constexpr std::string_view kEmptyLine = "\r\n\r\n";

void append_own_answer(ObjectWriter& line, const TrafficRecord& record) {
  const std::string_view head = record.sent_head;
  line.text("Proxy response sent", head.ends_with(kEmptyLine) ? head.substr(0, head.size() - kEmptyLine.size()) : head);
}

// The origin's answer, and what the client was sent; an answer of our own has precedence.
void append_answer(ObjectWriter& line, const TrafficRecord& record) {
  if (record.sent_head.empty()) {
    line.heads("Server response received", record.origin_head, "Proxy response sent", record.relayed_head, kEmptyLine);
    return;
  }
  line.text("Server response received", record.origin_head);
  append_own_answer(line, record);
}

void append_traffic(ObjectWriter& line, const TrafficRecord& record, std::int64_t id, TimeText& time_text) {
  if (record.scheme == store::Scheme::Https) {
    line.text("Incoming header", record.incoming_head);
    append_own_answer(line, record);
  } else {
    line.heads("Incoming header", record.incoming_head, "Modified header", record.modified_head);
    append_answer(line, record);
  }
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
  line.number("Rule line", record.rule_line);
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

void append_json_line(LineBuffer& out, const TrafficRecord& record, std::int64_t request_id, TimeText& time_text) {
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
  if (record.would_block) {
    line.text("Would be blocked by", record.rule);
    line.text("Would be blocked by list", record.rule_list);
    line.number("Would be blocked by line", record.rule_line);
  }
  if (!record.policy_version.empty()) {
    line.text("Policy", record.policy_version);
  }
  if (!record.user.empty()) {
    line.text("User", record.user);
  }
  if (!record.tls_offer.empty()) {
    line.text("TLS server name", record.tls_server_name);
    line.text("TLS offer", record.tls_offer);
  }
  line.number("Worker", record.worker_id);
  line.number("Request id", request_id);
  line.end();
}

}  // namespace weir::collector
