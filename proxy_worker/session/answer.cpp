#include "proxy_worker/session/answer.h"

#include <nlohmann/json.hpp>

#include "proxy_worker/http1/accept.h"
#include "proxy_worker/http1/head_writer.h"

namespace weir::session {

namespace {

constexpr unsigned kProxyAuthenticationRequired = 407;
// Any method is forwarded; these are the registered ones that say something to those who ask.
constexpr const char* kAllow = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT\r\n";

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// sf-string: printable ASCII without quotes and backslashes (RFC 8941 section 3.3.3).
std::string quote_structured(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : '?';
  }
  return out + "\"";
}

std::string_view fault_name(proto::Fault fault) {
  switch (fault) {
    case proto::CLIENT:
      return "client";
    case proto::ORIGIN:
      return "origin";
    case proto::POLICY:
      return "policy";
    default:
      return "proxy";
  }
}

std::string html_body(const ReasonText& text, std::string_view detail) {
  const std::string title = std::to_string(text.status) + " " + std::string(reason_phrase(text.status));
  std::string out = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title +
                    "</title>\n<style>body{font:16px/1.5 sans-serif;max-width:38em;margin:4em auto;padding:0 1em;color:#222}"
                    "h1{font-size:1.4em}p.small{color:#666;font-size:.85em}</style></head>\n<body><h1>";
  out += escape_html(text.title);
  out += "</h1>\n<p>";
  out += escape_html(text.explanation);
  out += "</p>\n";
  if (!detail.empty()) {
    out += "<p>" + escape_html(detail) + "</p>\n";
  }
  out += "<p class=\"small\">" + title + " &middot; " + std::string(text.token) + " &middot; at fault: ";
  out += fault_name(text.fault);
  out += " &middot; answered by Weir, the proxy of this network</p></body></html>\n";
  return out;
}

std::string json_body(const ReasonText& text, std::string_view detail) {
  const nlohmann::ordered_json body{{"status", text.status},           {"reason", text.token},
                                    {"fault", fault_name(text.fault)}, {"title", text.title},
                                    {"explanation", text.explanation}, {"detail", detail}};
  // What is not UTF-8 in the detail becomes U+FFFD.
  return body.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

// Both begin a head; what every answer has follows.
AnswerText refusal(const Answer& answer, const AnswerForm& form) {
  const ReasonText& text = text_of(answer.reason);
  AnswerText out;
  out.body = form.prefers_json ? json_body(text, answer.detail) : html_body(text, answer.detail);
  out.head = "HTTP/1.1 " + std::to_string(text.status) + " " + std::string(reason_phrase(text.status)) + "\r\n";
  out.head += form.prefers_json ? "Content-Type: application/json\r\n" : "Content-Type: text/html; charset=utf-8\r\n";
  out.head += "Proxy-Status: " + std::string(http1::kPseudonym) + "; error=" + std::string(answer.proxy_status.empty() ? text.proxy_status : answer.proxy_status);
  if (!answer.detail.empty()) {
    out.head += "; details=" + quote_structured(answer.detail);
  }
  out.head += "\r\n";
  if (text.status == kProxyAuthenticationRequired) {
    out.head += "Proxy-Authenticate: Basic realm=\"Weir\", charset=\"UTF-8\"\r\n";  // RFC 7617 section 2.1
  }
  if (answer.limit_requests > 0) {
    // The fields that clients know; their successor (draft-ietf-httpapi-ratelimit-headers) is not settled.
    const std::string requests = std::to_string(answer.limit_requests);
    const auto seconds = [](auto duration) { return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count()); };
    out.head += "RateLimit-Limit: " + requests + "\r\nRateLimit-Remaining: 0\r\nRateLimit-Reset: " + seconds(answer.retry_after) +
                "\r\nRateLimit-Policy: " + requests + ";w=" + seconds(answer.limit_window) + "\r\n";
  }
  if (answer.retry_after.count() > 0) {
    out.head += "Retry-After: " + std::to_string(std::chrono::ceil<std::chrono::seconds>(answer.retry_after).count()) + "\r\n";
  }
  return out;
}

AnswerText own_answer(const Answer& answer) {
  const bool is_trace = !answer.content.empty();
  return {.head = std::string("HTTP/1.1 200 OK\r\n") + (is_trace ? "Content-Type: message/http\r\n" : kAllow), .body = answer.content};
}

}  // namespace

bool prefers_json(http1::Fields request_fields) { return http1::accepts_rather(request_fields, "application/json", "text/html"); }

AnswerText write_answer(const Answer& answer, const AnswerForm& form) {
  AnswerText out = answer.reason == Reason::AnsweredByProxy ? own_answer(answer) : refusal(answer, form);
  std::string& head = out.head;
  head += "Content-Length: " + std::to_string(out.body.size()) + "\r\nCache-Control: no-store\r\n";
  if (!form.date.empty()) {
    head.append("Date: ").append(form.date).append("\r\n");
  }
  if (!form.keeps_connection) {
    head += "Connection: close\r\n";
  } else if (form.is_http_1_0) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
  if (!form.has_body) {
    out.body.clear();
  }
  return out;
}

}  // namespace weir::session
