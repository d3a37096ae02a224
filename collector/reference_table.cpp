#include "collector/reference_table.h"

#include "collector/text.h"

namespace weir::collector {

namespace {

// About 10 MB with typical user agents. What is thrown away is looked up again in the database.
constexpr std::size_t kRememberedMax = 65'536;
// A longer text is cut: it comes from the network, and the JSON logs have it whole.
constexpr std::size_t kTextBytesMax = 1024;

}  // namespace

std::optional<ReferenceTable> ReferenceTable::open(store::Database& database, const std::string& table,
                                                   const std::vector<std::string>& columns, store::Error& error) {
  const bool is_pair = columns.size() == 2;
  const std::string condition = columns[0] + " = ?1" + (is_pair ? " AND " + columns[1] + " = ?2" : "");
  const std::string names = columns[0] + (is_pair ? ", " + columns[1] : "");
  auto select = database.prepare("look up " + table, "SELECT id FROM " + table + " WHERE " + condition, error);
  auto insert = database.prepare("insert " + table,
                                 "INSERT INTO " + table + " (" + names + ") VALUES (?1" + (is_pair ? ", ?2)" : ")"), error);
  if (!select || !insert) {
    return std::nullopt;
  }
  ReferenceTable references(database, std::move(*select), std::move(*insert));
  references.is_pair_ = is_pair;
  return references;
}

std::optional<std::int64_t> ReferenceTable::number_of(std::string_view text) {
  const std::string_view cut = text.substr(0, kTextBytesMax);
  if (last_ != nullptr && last_->first == cut) {
    return last_->second;
  }
  if (const auto found = numbers_.find(cut); found != numbers_.end()) {
    last_ = &*found;
    return found->second;
  }
  key_.assign(cut);
  return look_up(cut, {});
}

std::optional<std::int64_t> ReferenceTable::number_of(std::string_view first, std::string_view second) {
  first = first.substr(0, kTextBytesMax);
  second = second.substr(0, kTextBytesMax);
  key_.assign(first).append(1, '\0').append(second);
  if (const auto found = numbers_.find(key_); found != numbers_.end()) {
    return found->second;
  }
  return look_up(first, second);
}

std::optional<std::int64_t> ReferenceTable::look_up(std::string_view first, std::string_view second) {
  const auto bind = [&](store::Statement& statement) -> store::Statement& {
    statement.bind(1, clean_text(first, cleaned_));
    return is_pair_ ? statement.bind(2, clean_text(second, cleaned_second_)) : statement;
  };
  const store::Step step = bind(select_).step();
  std::int64_t number = step == store::Step::Row ? select_.integer(0) : 0;
  select_.reset();
  if (step == store::Step::Failed) {
    error_ = select_.error();
    return std::nullopt;
  }
  if (step == store::Step::Done) {
    if (!bind(insert_).run()) {
      error_ = insert_.error();
      return std::nullopt;
    }
    number = database_->last_insert_id();
  }
  if (numbers_.size() >= kRememberedMax) {
    forget_all();
  }
  numbers_.emplace(key_, number);
  return number;
}

void ReferenceTable::forget_all() {
  numbers_.clear();
  last_ = nullptr;
}

}  // namespace weir::collector
