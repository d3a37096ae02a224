#include "proxy_worker/http1/accept.h"

#include <algorithm>

namespace weir::http1 {

namespace {

// The weight that the elements of an Accept field give to one media type: the most specific range counts.
struct MediaWeight {
  explicit MediaWeight(std::string_view media_type) : type(media_type) {}

  void take(std::string_view range, std::size_t at) {
    const std::size_t end = std::min(range.find(';'), range.size());
    const int closeness = closeness_of(trim_optional_white_space(range.substr(0, end)));
    if (closeness > nearest) {
      nearest = closeness;
      weight = weight_of(range.substr(end));
      place = at;
    }
  }

  // 3: the type itself, or one that is written in it; 2: its kind; 1: anything; 0: another.
  int closeness_of(std::string_view range) const {
    const std::string_view kind = type.substr(0, type.find('/') + 1);
    const std::string_view subtype = type.substr(kind.size());
    const bool is_suffixed = range.size() > subtype.size() + 1 && range.substr(0, kind.size()) == kind &&
                             range[range.size() - subtype.size() - 1] == '+' && range.substr(range.size() - subtype.size()) == subtype;
    if (equals_ignoring_case(range, type) || is_suffixed) {
      return 3;
    }
    if (range.size() == kind.size() + 1 && range.back() == '*' && equals_ignoring_case(range.substr(0, kind.size()), kind)) {
      return 2;
    }
    return range == "*/*" ? 1 : 0;
  }

  // In thousandths. `parameters` begin with a semicolon, or are empty.
  static int weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
      parameters.remove_prefix(1);
      const std::size_t end = std::min(parameters.find(';'), parameters.size());
      const std::string_view parameter = trim_optional_white_space(parameters.substr(0, end));
      if (parameter.size() > 2 && to_lower(parameter[0]) == 'q' && parameter[1] == '=') {
        return thousandths(parameter.substr(2));
      }
      parameters.remove_prefix(end);
    }
    return 1000;
  }

  // qvalue = "0" [ "." 0*3DIGIT ] or "1" (RFC 9110 section 12.4.2).
  static int thousandths(std::string_view text) {
    int value = text.front() == '1' ? 1000 : 0;
    int place_value = 100;
    for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
      if (digit < '0' || digit > '9') {
        break;
      }
      value += (digit - '0') * place_value;
      place_value /= 10;
    }
    return std::min(value, 1000);
  }

  std::string_view type;
  int nearest = 0;
  int weight = 0;
  std::size_t place = 0;
};

}  // namespace

bool accepts_rather(Fields fields, std::string_view wanted, std::string_view other) {
  MediaWeight first(wanted);
  MediaWeight second(other);
  std::size_t place = 0;
  for (const Field& field : fields) {
    if (field.id == FieldId::Accept) {
      for_each_list_element(field.value, [&](std::string_view range) {
        first.take(range, ++place);
        second.take(range, place);
        return true;
      });
    }
  }
  return first.weight > second.weight || (first.weight == second.weight && first.weight > 0 && first.place < second.place);
}

}  // namespace weir::http1
