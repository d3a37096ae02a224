#include "reporter/queries.h"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "common/store/outcome.h"
#include "reporter/database_file.h"

namespace weir::reporter {

namespace {

constexpr std::int64_t kServed = static_cast<std::int64_t>(store::Outcome::Served);
constexpr std::int64_t kPageRows = 10'000;
constexpr std::size_t kNotSelected = std::numeric_limits<std::size_t>::max();

// The rows of the view `requests` without what a summary does not need: it makes local time and joins names for each
// row. One pass in the order of the primary key; grouping is done here, because SQLite would have to sort all rows
// for it (docs/decisions/0020-summary-grouped-outside-sqlite.md).
constexpr std::string_view kServedRequests =
    "SELECT id, host_id, bytes_sent, bytes_received, duration_us, ttfb_us FROM request"
    " WHERE id BETWEEN ?1 AND ?2 AND outcome = ?3 ORDER BY id";

constexpr std::string_view kObservedRequests =
    "SELECT rule.pattern, rule.list, coalesce(rule_line, 0), host.name, count(*) FROM observed_request"
    " JOIN request ON request.id = observed_request.id JOIN rule ON rule.id = request.rule_id JOIN host ON host.id = request.host_id"
    " WHERE observed_request.id BETWEEN ?1 AND ?2 GROUP BY request.rule_id, rule_line, request.host_id"
    " ORDER BY request.rule_id, rule_line";

constexpr std::string_view kHostName = "SELECT name FROM host WHERE id = ?1";

constexpr std::string_view kExportPage =
    "SELECT id, timestamp, source_ip, destination_host, destination_port, request_method, protocol, bytes_sent,"
    " bytes_received, duration_seconds, ttfb_seconds FROM requests WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3";

constexpr std::string_view kFirstId = "SELECT min(id) FROM request";
constexpr std::string_view kLastId = "SELECT max(id) FROM request";

std::uint64_t count_at(const store::Statement& statement, int column) {
  return static_cast<std::uint64_t>(statement.integer(column));
}

ServedRequest served_request_at(const store::Statement& row) {
  ServedRequest request{.id = row.integer(0), .bytes_sent = count_at(row, 2), .bytes_received = count_at(row, 3),
                        .duration_us = count_at(row, 4), .ttfb_us = {}};
  if (!row.is_null(5)) {
    request.ttfb_us = count_at(row, 5);
  }
  return request;
}

ExportRow export_row_at(const store::Statement& row) {
  ExportRow out{.id = row.integer(0), .timestamp = row.text(1), .source_ip = row.text(2), .host = row.text(3),
                .port = row.integer(4), .method = row.text(5), .protocol = row.text(6), .bytes_sent = row.integer(7),
                .bytes_received = row.integer(8), .duration_s = row.real(9), .ttfb_s = {}};
  if (!row.is_null(10)) {
    out.ttfb_s = row.real(10);
  }
  return out;
}

// The summary's domains by the ids of their names. A name is read, and matched with the selection, once.
class DomainsById {
 public:
  DomainsById(const Selection& selection, store::Statement& host_name, Summary& summary)
      : selection_(selection), host_name_(host_name), summary_(summary) {}

  // Null when the domain is not selected. False when the name could not be read: see the statement's error.
  bool find(std::int64_t host_id, DomainTraffic*& domain) {
    const auto [place, is_new] = index_by_id_.try_emplace(host_id, kNotSelected);
    if (is_new && !read(host_id, place->second)) {
      return false;
    }
    domain = place->second == kNotSelected ? nullptr : &summary_.domains[place->second];
    return true;
  }

 private:
  bool read(std::int64_t host_id, std::size_t& index) {
    const store::Step step = host_name_.bind(1, host_id).step();
    std::string name(step == store::Step::Row ? host_name_.text(0) : std::string_view());
    host_name_.reset();
    if (step != store::Step::Failed && selection_.matches(name)) {
      index = summary_.domains.size();
      summary_.domains.push_back({std::move(name), {}});
    }
    return step != store::Step::Failed;
  }

  const Selection& selection_;
  store::Statement& host_name_;
  Summary& summary_;
  std::unordered_map<std::int64_t, std::size_t> index_by_id_;
};

}  // namespace

bool Selection::matches(const std::string& domain) const {
  return domain_pattern.empty() || ::fnmatch(domain_pattern.c_str(), domain.c_str(), FNM_CASEFOLD) == 0;
}

std::optional<Queries> Queries::open(const std::filesystem::path& data_dir, std::string& error) {
  store::Error failure;
  auto file = open_database(data_dir, failure);
  error = failure.message;
  return file ? std::optional(Queries(std::move(file->database), std::move(file->path), file->is_empty)) : std::nullopt;
}

bool Queries::fail(const store::Error& failure, std::string& error) const {
  error = failure_line(path_, failure);
  return false;
}

bool Queries::summarise(const Selection& selection, const std::function<Next()>& go_on, Summary& summary, std::string& error) {
  if (is_empty_) {
    return true;
  }
  store::Error failure;
  auto requests = database_.prepare("read requests", kServedRequests, failure);
  auto host_name = database_.prepare("read host", kHostName, failure);
  if (!requests || !host_name) {
    return fail(failure, error);
  }
  DomainsById domains(selection, *host_name, summary);
  requests->bind(1, selection.first_id).bind(2, selection.last_id).bind(3, kServed);
  store::Step step = requests->step();
  for (; step == store::Step::Row && go_on() == Next::Continue; step = requests->step()) {
    DomainTraffic* domain = nullptr;
    if (!domains.find(requests->integer(1), domain)) {
      return fail(host_name->error(), error);
    }
    if (domain != nullptr) {
      summary.add(served_request_at(*requests), *domain);
    }
  }
  return (step != store::Step::Failed || fail(requests->error(), error)) && count_observed(selection, summary, error);
}

bool Queries::count_observed(const Selection& selection, Summary& summary, std::string& error) {
  store::Error failure;
  auto observed = database_.prepare("read observed requests", kObservedRequests, failure);
  if (!observed) {
    return fail(failure, error);
  }
  observed->bind(1, selection.first_id).bind(2, selection.last_id);
  store::Step step = observed->step();
  for (; step == store::Step::Row; step = observed->step()) {
    if (!selection.matches(std::string(observed->text(3)))) {
      continue;
    }
    ObservedRule rule{std::string(observed->text(0)), std::string(observed->text(1)), observed->integer(2), count_at(*observed, 4)};
    std::vector<ObservedRule>& rules = summary.observed;
    if (!rules.empty() && rules.back().rule == rule.rule && rules.back().list == rule.list && rules.back().line == rule.line) {
      rules.back().requests += rule.requests;
    } else {
      rules.push_back(std::move(rule));
    }
  }
  std::stable_sort(summary.observed.begin(), summary.observed.end(),
                   [](const ObservedRule& a, const ObservedRule& b) { return a.requests > b.requests; });
  return step != store::Step::Failed || fail(observed->error(), error);
}

bool Queries::export_rows(const Selection& selection, const std::function<Next(const ExportRow&)>& take,
                          const std::function<Next(std::int64_t id)>& go_on, std::string& error) {
  if (is_empty_) {
    return true;
  }
  store::Error failure;
  auto page = database_.prepare("read page of requests", kExportPage, failure);
  if (!page) {
    return fail(failure, error);
  }
  std::int64_t first_id = selection.first_id;
  std::int64_t rows = kPageRows;
  // A page that is not full is the last.
  while (rows == kPageRows && go_on(first_id) == Next::Continue) {
    page->bind(1, first_id).bind(2, selection.last_id).bind(3, kPageRows);
    store::Step step = page->step();
    for (rows = 0; step == store::Step::Row; step = page->step()) {
      const ExportRow row = export_row_at(*page);
      ++rows;
      first_id = row.id + 1;
      if (selection.matches(std::string(row.host)) && take(row) == Next::Stop) {
        return true;
      }
    }
    if (step == store::Step::Failed) {
      return fail(page->error(), error);
    }
    page->reset();
  }
  return true;
}

std::optional<Selection> Queries::narrow(const Selection& selection, std::string& error) {
  Selection narrowed = selection;
  if (is_empty_) {
    return narrowed;
  }
  store::Error failure;
  failure.message.clear();
  const auto first = database_.query_integer("read first id", kFirstId, failure);
  const auto last = database_.query_integer("read last id", kLastId, failure);
  if (!failure.message.empty()) {
    (void)fail(failure, error);
    return std::nullopt;
  }
  narrowed.first_id = std::max(selection.first_id, first.value_or(0));
  narrowed.last_id = std::min(selection.last_id, last.value_or(0));
  return narrowed;
}

}  // namespace weir::reporter
