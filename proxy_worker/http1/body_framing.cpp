#include "proxy_worker/http1/body_framing.h"

#include "common/base/quantity.h"

namespace weir::http1 {

namespace {

constexpr std::uint64_t kContentLengthMax = INT64_MAX;

// The framing that the fields alone tell: None when they tell nothing.
FramingError field_framing(Fields fields, unsigned minor_version, BodyFraming& out) {
  const Field* length = nullptr;
  const Field* coding = nullptr;
  for (const Field& field : fields) {
    if (field.id == FieldId::ContentLength) {
      if (length != nullptr) {
        return FramingError::BadContentLength;
      }
      length = &field;
    } else if (field.id == FieldId::TransferEncoding) {
      if (coding != nullptr) {
        return FramingError::BadTransferEncoding;
      }
      coding = &field;
    }
  }
  if (coding != nullptr) {
    if (length != nullptr) {
      return FramingError::TwoLengths;
    }
    if (minor_version == 0) {
      return FramingError::BadTransferEncoding;  // RFC 9112 section 6.1: faulty framing
    }
    if (!equals_ignoring_case(coding->value, "chunked")) {
      return all_in(coding->value, character_class::kToken) && !coding->value.empty() ? FramingError::UnsupportedTransferCoding
                                                                                      : FramingError::BadTransferEncoding;
    }
    out = {BodyKind::Chunked, 0};
    return FramingError::None;
  }
  if (length != nullptr) {
    const auto octets = base::parse_decimal(length->value, kContentLengthMax);
    if (!octets) {
      return FramingError::BadContentLength;
    }
    out = {BodyKind::Length, *octets};
    return FramingError::None;
  }
  out = {};
  return FramingError::None;
}

}  // namespace

std::string_view describe(FramingError error) {
  switch (error) {
    case FramingError::None:
      return "the body's length is clear";
    case FramingError::BadContentLength:
      return "Content-Length is malformed or given more than once";
    case FramingError::BadTransferEncoding:
      return "Transfer-Encoding is malformed";
    case FramingError::UnsupportedTransferCoding:
      return "the transfer coding is not supported; only chunked is";
    case FramingError::TwoLengths:
      return "Content-Length and Transfer-Encoding contradict each other";
  }
  return "the body's length is not clear";
}

FramingError request_framing(const RequestHead& head, BodyFraming& out) {
  return field_framing(head.fields, head.minor_version, out);
}

FramingError response_framing(const ResponseHead& head, std::string_view method, BodyFraming& out) {
  const FramingError error = field_framing(head.fields, head.minor_version, out);
  const bool has_no_body = method == "HEAD" || head.status / 100 == 1 || head.status == 204 || head.status == 304 ||
                           (method == "CONNECT" && head.status / 100 == 2);
  if (error == FramingError::None && has_no_body) {
    out = {};
  } else if (error == FramingError::None && out.kind == BodyKind::None) {
    out = {BodyKind::UntilClose, 0};
  }
  return error;
}

}  // namespace weir::http1
