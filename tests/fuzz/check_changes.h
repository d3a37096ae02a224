// What is logged of a written head, for both fuzzers of heads.
#pragma once

#include <optional>
#include <string>

#include "proxy_worker/http1/head_writer.h"
#include "tests/fuzz/expect.h"
#include "tests/support/apply_changes.h"

namespace weir::http1 {

// `written` and, parsed, `sent` are what `write` makes of `received`: it makes the same with a log, and what it logs gives
// that head, masked.
template <class Head, class Form>
void check_changes(const Head& received, const Form& form,
                   void (*write)(const Head&, const Form&, std::string&, std::optional<ChangeLog>), const std::string& written,
                   const Head& sent) {
  std::string received_text;
  write_masked(start_line(received.text), received.fields, received_text);
  std::string logged;
  HeadChanges changes;
  write(received, form, logged, ChangeLog{received_text, changes});
  std::string sent_text;
  write_masked(start_line(sent.text), sent.fields, sent_text);
  expect(logged == written, "a log does not change what is written");
  expect(tests::apply_changes(changes.steps(), changes.text(), received_text) == sent_text, "the changes give the written head");
}

}  // namespace weir::http1
