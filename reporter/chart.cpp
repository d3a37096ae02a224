#include "reporter/chart.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <vector>

namespace weir::reporter {

namespace {

// All lengths in pixels of a chart of this width; a PNG has twice as many, for sharp text on paper.
constexpr int kWidth = 900;
constexpr int kHeightMax = 16'000;  // twice that is what cairo can draw
constexpr int kTopMargin = 78;
constexpr int kBottomMargin = 44;
constexpr int kSideMargin = 32;
constexpr int kTitleFromTop = 26;
constexpr int kPeriodFromTop = 52;
constexpr int kRowHeight = 44;
constexpr int kEmptyHeight = 220;
constexpr double kNameWidthMax = 420;
constexpr int kNameGap = 14;  // between a name and its bar
constexpr double kBarShare = 0.66;   // of a row
constexpr double kCountSpace = 1.1;  // room for the count behind the longest bar

constexpr std::string_view kBarColour = "#2f6f9f";
constexpr std::string_view kTextColour = "#22272b";
constexpr std::string_view kFaintColour = "#6b747b";
constexpr std::string_view kGridColour = "#e3e7ea";

// 'text' for gnuplot: between single quotes it knows no escapes, variables or commands, and '' stands for one quote.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char character : text) {
    const bool is_printable = character >= ' ' && character <= '~';
    out += is_printable ? character : '?';
    if (character == '\'') {
      out += '\'';
    }
  }
  return out + "'";
}

// Of DejaVu Sans at the size of the names, by four classes of letters; rather too wide than too narrow.
double text_width(std::string_view text) {
  double width = 0;
  for (const char letter : text) {
    const bool is_narrow = std::string_view("ijltfr.,:;-'|!I()[]").find(letter) != std::string_view::npos;
    const bool is_wide = std::string_view("mwMW@%").find(letter) != std::string_view::npos;
    const bool is_capital = letter >= 'A' && letter <= 'Z';
    width += is_narrow ? 5.6 : is_wide ? 13.6 : is_capital ? 10.4 : 8.6;
  }
  return width;
}

// A name that is too long without its middle: both the host and the organisation can still be told.
std::string shortened(const std::string& name) {
  constexpr std::string_view kCut = "...";
  std::string out = name;
  for (std::size_t kept = name.size(); text_width(out) > kNameWidthMax; --kept) {
    const std::size_t tail = kept / 2;
    out = name.substr(0, kept - tail) + std::string(kCut) + name.substr(name.size() - tail);
  }
  return out;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3; place -= 3) {
    text.insert(place - 3, 1, ',');
  }
  return text;
}

// 1, 2 or 5 times a power of ten, so that at most six steps reach `max`.
std::uint64_t axis_step(std::uint64_t max) {
  constexpr std::uint64_t kStepsMax = 6;
  for (std::uint64_t power = 1;; power *= 10) {
    for (const std::uint64_t factor : {1, 2, 5}) {
      if (power * factor * kStepsMax >= max) {
        return power * factor;
      }
    }
  }
}

std::string minute_text(std::int64_t id) {
  constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
  const std::time_t seconds = id / kMicrosecondsPerSecond;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &local);
  return text.data();
}

std::string period_text(const Summary& summary) {
  const std::string requests = summary.total.requests == 1 ? " request" : " requests";
  const std::string domains = summary.domains.size() == 1 ? " domain" : " domains";
  return grouped(summary.total.requests) + requests + " to " + grouped(summary.domains.size()) + domains + ", " +
         minute_text(summary.first_id) + " to " + minute_text(summary.last_id);
}

std::string fraction(int part, int whole) { return std::to_string(static_cast<double>(part) / whole); }

std::string text_colour(std::string_view colour) { return " textcolor rgb '" + std::string(colour) + "'"; }

// SVG takes the sizes of letters in pixels, cairo in points.
int title_size(ImageFormat format) { return format == ImageFormat::Svg ? 20 : 15; }
int text_size(ImageFormat format) { return format == ImageFormat::Svg ? 13 : 10; }

std::string terminal(ImageFormat format, int height) {
  const std::string font = " font 'DejaVu Sans," + std::to_string(text_size(format)) + "'";
  if (format == ImageFormat::Svg) {
    return "set terminal svg noenhanced size " + std::to_string(kWidth) + "," + std::to_string(height) +
           font + " background 'white'\n";
  }
  return "set terminal pngcairo noenhanced size " + std::to_string(2 * kWidth) + "," + std::to_string(2 * height) +
         font + " fontscale 2 linewidth 2 background 'white'\n";
}

std::string label_in_heading(std::string_view text, int from_top, int height, int font_size, std::string_view colour) {
  return "set label " + quoted(text) + " at screen " + fraction(kSideMargin, kWidth) + ", " + fraction(height - from_top, height) +
         " left font '," + std::to_string(font_size) + "'" + text_colour(colour) + "\n";
}

std::string title(std::size_t top, ImageFormat format, int height) {
  const std::string text = "Top " + std::to_string(top) + (top == 1 ? " Domain" : " Domains") + " by Requests";
  return label_in_heading(text, kTitleFromTop, height, title_size(format), kTextColour);
}

std::string empty_chart(std::size_t top, ImageFormat format) {
  return terminal(format, kEmptyHeight) + title(top, format, kEmptyHeight) +
         "set label 'No requests' at screen 0.5, 0.45 center font '," + std::to_string(title_size(format)) + "'" +
         text_colour(kFaintColour) +
         "\nunset key\nunset border\nunset tics\nset xrange [0:1]\nset yrange [0:1]\nplot NaN\n";
}

std::string axes(std::uint64_t requests_max) {
  std::string script = "set border 0\nset tics scale 0\nunset key\nset grid xtics back linetype 1 linecolor rgb '" +
                       std::string(kGridColour) + "'\nset xtics ()" + text_colour(kFaintColour) + "\nset ytics ()" + text_colour(kTextColour) + "\n";
  const std::uint64_t step = axis_step(requests_max);
  const std::uint64_t steps = (requests_max + step - 1) / step;
  for (std::uint64_t tick = 0; tick <= steps; ++tick) {
    script += "set xtics add ('" + grouped(tick * step) + "' " + std::to_string(tick * step) + ")\n";
  }
  const double reach = std::max(static_cast<double>(steps * step), static_cast<double>(requests_max) * kCountSpace);
  return script + "set xrange [0:" + std::to_string(reach) + "]\n";
}

std::string bars(const std::vector<const DomainTraffic*>& domains) {
  std::string names;
  std::string counts;
  std::string data = "$bars << END\n";
  std::size_t row = 0;
  for (const DomainTraffic* domain : domains) {
    const std::string at = std::to_string(row);
    const std::string requests = std::to_string(domain->traffic.requests);
    names += "set ytics add (" + quoted(shortened(domain->name)) + " " + at + ")\n";
    counts += "set label '" + grouped(domain->traffic.requests) + "' at first " + requests + ", first " + at +
              " left offset character 0.6, 0 front" + text_colour(kTextColour) + "\n";
    data += requests + " " + at + "\n";
    ++row;
  }
  return names + counts + data + "END\nset yrange [" + std::to_string(row) + "-0.5:-0.5]\n" +
         "plot $bars using ($1/2.0):2:($1/2.0):(" + std::to_string(kBarShare / 2) +
         ") with boxxyerror fillstyle solid 1 noborder linecolor rgb '" + std::string(kBarColour) + "'\n";
}

// Room for the longest name, which ends where the bars begin.
int left_margin(const std::vector<const DomainTraffic*>& domains) {
  double width = 0;
  for (const DomainTraffic* domain : domains) {
    width = std::max(width, text_width(shortened(domain->name)));
  }
  return kSideMargin + static_cast<int>(width) + kNameGap;
}

}  // namespace

std::string chart_script(const Summary& summary, std::size_t top, ImageFormat format) {
  const auto domains = top_domains(summary, top);
  if (domains.empty()) {
    return empty_chart(top, format);
  }
  const int rows = static_cast<int>(domains.size());
  const int height = std::min(kTopMargin + kBottomMargin + rows * kRowHeight, kHeightMax);
  const int left = left_margin(domains);
  return terminal(format, height) + title(top, format, height) +
         label_in_heading(period_text(summary), kPeriodFromTop, height, text_size(format), kFaintColour) +
         "set lmargin at screen " + fraction(left, kWidth) + "\nset rmargin at screen " + fraction(kWidth - kSideMargin, kWidth) + "\nset tmargin at screen " + fraction(height - kTopMargin, height) +
         "\nset bmargin at screen " + fraction(kBottomMargin, height) + "\n" +
         axes(domains.front()->traffic.requests) + bars(domains);
}

}  // namespace weir::reporter
