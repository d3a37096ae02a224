#include "tests/simulation/oracle.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>

#include "common/store/log_file.h"

namespace weir::simulation {

namespace {

store::Database open(const std::filesystem::path& data_dir) {
  store::Error error;
  auto database = store::Database::open_reader(data_dir / "Database" / "proxy_traffic.db", error);
  if (!database) {
    throw Violation("the database cannot be read: " + error.message);
  }
  return std::move(*database);
}

std::uint64_t number_in(const store::Statement& statement, int column) { return static_cast<std::uint64_t>(statement.integer(column)); }

std::string name_of(const Request& request) { return "request " + std::to_string(request.number); }

std::string text_of(const EventNumber& number) { return number.stream + ":" + std::to_string(number.sequence); }

// The number behind `"Request id":` in each line.
std::vector<std::int64_t> request_ids(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!text.empty() && text.back() != '\n') {
    throw Violation(path.string() + " does not end with a whole line");
  }
  std::vector<std::int64_t> ids;
  constexpr std::string_view kKey = "\"Request id\":";
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    const std::size_t key = line.rfind(kKey);
    if (!line.starts_with('{') || !line.ends_with('}') || key == std::string_view::npos) {
      throw Violation(path.string() + " has a line that is none: " + std::string(line.substr(0, 80)));
    }
    ids.push_back(std::stoll(std::string(line.substr(key + kKey.size()))));
    begin = end + 1;
  }
  return ids;
}

}  // namespace

Oracle::Oracle(const std::filesystem::path& data_dir, const RequestBook& book)
    : data_dir_(data_dir),
      book_(book),
      database_(open(data_dir)),
      position_(prepare("SELECT last_sequence FROM stream WHERE stream_id = ?1")),
      covered_(prepare("SELECT (SELECT count(*) FROM request WHERE stream = s.id AND sequence <= ?2)"
                       " + (SELECT count(*) FROM progress WHERE stream = s.id AND sequence <= ?2)"
                       " + (SELECT coalesce(sum(min(last_sequence, ?2) - first_sequence + 1), 0) FROM gap"
                       "     WHERE stream_id = ?1 AND first_sequence <= ?2)"
                       " FROM stream AS s WHERE stream_id = ?1")) {}

store::Statement Oracle::prepare(const std::string& sql) {
  store::Error error;
  auto statement = database_.prepare("oracle", sql, error);
  if (!statement) {
    throw Violation(error.message);
  }
  return std::move(*statement);
}

void Oracle::check_acknowledgement(const collector::Reply& reply) {
  if (reply.last_sequence == 0) {
    return;
  }
  const auto ask = [&](store::Statement& statement) {
    const std::uint64_t answer = statement.step() == store::Step::Row ? number_in(statement, 0) : 0;
    statement.reset();
    return answer;
  };
  const std::uint64_t position = ask(position_.bind(1, std::string_view(reply.stream_id)));
  covered_.bind(1, std::string_view(reply.stream_id)).bind(2, static_cast<std::int64_t>(reply.last_sequence));
  const std::uint64_t covered = ask(covered_);
  if (position < reply.last_sequence || covered != reply.last_sequence) {
    throw Violation(reply.stream_id + ": " + std::to_string(reply.last_sequence) + " is acknowledged, but the position is " +
                    std::to_string(position) + " and " + std::to_string(covered) + " events are committed");
  }
}

void Oracle::check_all() {
  const std::string both = "stream.stream_id, t.sequence, t.bytes_sent, t.bytes_received, ";
  for (Row& row : read_rows("request", both + "t.outcome, t.told_bytes_sent, t.told_bytes_received")) {
    rows_[row.request].push_back(std::move(row));
  }
  for (Row& row : read_rows("progress", both + "0, 0, 0")) {
    progress_[row.request].push_back(std::move(row));
  }
  read_gaps();
  check_streams();
  for (const auto& [number, rows] : rows_) {
    if (!book_.contains(number)) {
      throw Violation("there is a row of request " + std::to_string(number) + ", which nobody made");
    }
  }
  for (const auto& [number, request] : book_) {
    check_request(request);
  }
  check_log_lines();
}

std::vector<Oracle::Row> Oracle::read_rows(const std::string& table, const std::string& columns) {
  store::Statement select =
      prepare("SELECT t.id, t.connection_id, " + columns + " FROM " + table + " AS t LEFT JOIN stream ON stream.id = t.stream");
  std::vector<Row> rows;
  while (select.step() == store::Step::Row) {
    Row row;
    row.id = select.integer(0);
    row.request = number_in(select, 1);
    row.number = {std::string(select.text(2)), number_in(select, 3)};
    row.sent = number_in(select, 4);
    row.received = number_in(select, 5);
    row.outcome = static_cast<int>(select.integer(6));
    row.told_sent = number_in(select, 7);
    row.told_received = number_in(select, 8);
    rows.push_back(std::move(row));
  }
  return rows;
}

void Oracle::read_gaps() {
  store::Statement select = prepare("SELECT stream_id, first_sequence, last_sequence FROM gap");
  while (select.step() == store::Step::Row) {
    gaps_[std::string(select.text(0))].push_back({number_in(select, 1), number_in(select, 2)});
  }
}

bool Oracle::is_in_gap(const EventNumber& number) const {
  const auto found = gaps_.find(number.stream);
  return found != gaps_.end() && std::any_of(found->second.begin(), found->second.end(), [&](const Gap& gap) {
           return gap.first <= number.sequence && number.sequence <= gap.last;
         });
}

// Each stream from 1 to its position: every number once, as a row or in a gap.
void Oracle::check_streams() {
  std::map<std::string, std::vector<std::uint64_t>> numbers;
  for (const auto* rows : {&rows_, &progress_}) {
    for (const auto& [request, all] : *rows) {
      for (const Row& row : all) {
        numbers[row.number.stream].push_back(row.number.sequence);
      }
    }
  }
  for (const auto& [stream, gaps] : gaps_) {
    for (const Gap& gap : gaps) {
      for (std::uint64_t sequence = gap.first; sequence <= gap.last; ++sequence) {
        numbers[stream].push_back(sequence);
      }
    }
  }
  store::Statement select = prepare("SELECT stream_id, last_sequence FROM stream");
  while (select.step() == store::Step::Row) {
    std::vector<std::uint64_t>& here = numbers[std::string(select.text(0))];
    std::vector<std::uint64_t> wanted(number_in(select, 1));
    std::iota(wanted.begin(), wanted.end(), 1);
    std::sort(here.begin(), here.end());
    if (here != wanted) {
      const auto [is, should] = std::mismatch(here.begin(), here.end(), wanted.begin(), wanted.end());
      throw Violation(std::string(select.text(0)) + ": rows and gaps do not cover 1 to " + std::to_string(wanted.size()) + " once; the first difference is at " +
                      std::to_string(should != wanted.end() ? *should : *is));
    }
    numbers.erase(std::string(select.text(0)));
  }
  for (const auto& [stream, here] : numbers) {
    throw Violation("there are events of " + stream + ", which is no stream");
  }
}

void Oracle::check_request(const Request& request) {
  const auto found = rows_.find(request.number);
  const std::size_t count = found != rows_.end() ? found->second.size() : 0;
  if (count > 1) {
    throw Violation(name_of(request) + " is there " + std::to_string(count) + " times: " + text_of(found->second[0].number) + " and " +
                    text_of(found->second[1].number));
  }
  if (count == 1) {
    const Row& row = found->second.front();
    const bool is_interrupted = row.outcome == proto::INTERRUPTED;
    if (is_interrupted ? request.fate == Request::Fate::Ended : row.outcome != request.event.outcome()) {
      throw Violation(name_of(request) + " is recorded with outcome " + std::to_string(row.outcome) + ", but it ended otherwise");
    }
    return check_octets(request, row);
  }
  const bool may_be_lost = std::any_of(request.recordings.begin(), request.recordings.end(), [&](const EventNumber& n) { return is_in_gap(n); });
  const bool is_known = request.fate == Request::Fate::Ended || (request.is_followed && request.fate != Request::Fate::Beginning);
  if (is_known && !may_be_lost) {
    throw Violation(name_of(request) + " is lost, and in no gap; its record had the number " +
                    (request.recordings.empty() ? "none" : text_of(request.recordings.back())));
  }
}

// What the record says of itself, and what it says was told before.
void Oracle::check_octets(const Request& request, const Row& row) {
  if (request.fate != Request::Fate::Beginning && (request.is_followed || request.fate == Request::Fate::Ended) &&
      (row.sent != request.sent || row.received != request.received)) {
    throw Violation(name_of(request) + " moved " + std::to_string(request.sent) + " and " + std::to_string(request.received) +
                    " octets; recorded are " + std::to_string(row.sent) + " and " + std::to_string(row.received));
  }
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (const Row& told : progress_[request.number]) {
    sent += told.sent;
    received += told.received;
  }
  // What was told and then lost in the spool, for certain and perhaps.
  Request::Telling perhaps;
  for (const Request::Telling& telling : request.tellings) {
    if (is_in_gap(telling.number)) {
      (telling.is_certain ? sent : perhaps.sent) += telling.sent;
      (telling.is_certain ? received : perhaps.received) += telling.received;
    }
  }
  const bool is_certain = row.told_sent == sent && row.told_received == received;
  if (!is_certain && (row.told_sent != sent + perhaps.sent || row.told_received != received + perhaps.received)) {
    throw Violation(name_of(request) + " says that " + std::to_string(row.told_sent) + " and " + std::to_string(row.told_received) +
                    " octets were told before; it was " + std::to_string(sent) + " and " + std::to_string(received));
  }
}

// Every row has its line, in one of the logs, once.
void Oracle::check_log_lines() {
  std::vector<std::int64_t> lines;
  for (const std::string_view folder : {store::kTrafficFolder, store::kBlockedFolder}) {
    for (const auto& entry : std::filesystem::directory_iterator(data_dir_ / folder)) {
      const std::vector<std::int64_t> ids = request_ids(entry.path());
      lines.insert(lines.end(), ids.begin(), ids.end());
    }
  }
  std::vector<std::int64_t> rows;
  for (const auto& [request, all] : rows_) {
    for (const Row& row : all) {
      rows.push_back(row.id);
    }
  }
  std::sort(lines.begin(), lines.end());
  std::sort(rows.begin(), rows.end());
  if (lines != rows) {
    const auto [line, row] = std::mismatch(lines.begin(), lines.end(), rows.begin(), rows.end());
    throw Violation("there are " + std::to_string(lines.size()) + " lines and " + std::to_string(rows.size()) + " rows; they differ at the id " +
                    std::to_string(line != lines.end() ? *line : *row));
  }
}

}  // namespace weir::simulation
