#include "proxy_worker/session/policy_loader.h"

#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include "common/base/log.h"

namespace weir::session {

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kBadConfiguration = 2;
// Far more than the largest lists take; including the wait for another worker's compiling.
constexpr std::chrono::minutes kPatience{5};

// The line by which a failed compiling process says what is wrong, without its name; the last that it said.
std::string complaint(std::string_view said) {
  while (said.ends_with('\n')) {
    said.remove_suffix(1);
  }
  said.remove_prefix(said.rfind('\n') + 1);  // npos + 1 is 0
  constexpr std::string_view kProgram = "proxy_worker: ";
  if (said.starts_with(kProgram)) {
    said.remove_prefix(kProgram.size());
  }
  return said.empty() ? "the process that compiles it was ended" : std::string(said);
}

// Its log is a part of ours.
void pass_on(std::string_view said) { std::fwrite(said.data(), 1, said.size(), stderr); }

}  // namespace

int PolicyLoader::load(std::string& error) {
  const auto path = policy::policy_path(settings_.data_dir);
  if (settings_.rules.is_empty()) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);  // of an earlier run with rules
    return install(std::nullopt, error) ? kDone : kBadConfiguration;
  }
  auto fitting = policy::open_fitting(path, settings_.rules);
  if (!fitting) {
    const auto compiler = CompilerProcess::start(command_line_, error);
    if (compiler == nullptr) {
      return kFailed;
    }
    const auto [exit_status, said] = compiler->wait(kPatience);
    if (exit_status == CompilerProcess::kNoRules) {  // The configuration file has changed in this moment.
      return install(std::nullopt, error) ? kDone : kBadConfiguration;
    }
    if (exit_status != kDone) {
      error = complaint(said);
      return exit_status;
    }
    pass_on(said);
    fitting = policy::MappedPolicy::open(path, error);
    if (!fitting) {
      return kFailed;
    }
  }
  return install(std::move(fitting), error) ? kDone : kBadConfiguration;
}

void PolicyLoader::reload() {
  if (compiler_ != nullptr) {
    is_asked_again_ = true;
    return;
  }
  std::string error;
  compiler_ = CompilerProcess::start(command_line_, error);
  if (compiler_ == nullptr) {
    return keep_old_policy(error);
  }
  compiler_->yield_to_others();
  loop_.watch_level(compiler_->process_fd(), *this, net::EventLoop::Interest::Read);
  loop_.watch_level(compiler_->output_fd(), *this, net::EventLoop::Interest::Read);
  is_listening_to_output_ = true;
  loop_.arm(patience_, loop_.now() + kPatience);
}

void PolicyLoader::on_io(net::Readiness) {
  if (compiler_ == nullptr) {
    return;  // the other descriptor's event of the same turn
  }
  if (is_listening_to_output_ && !compiler_->take_output()) {
    loop_.forget(compiler_->output_fd());
    is_listening_to_output_ = false;
  }
  if (compiler_->has_ended()) {
    const CompilerProcess::End end = compiler_->end();
    stop_watching();
    finish_reload(end);
  }
}

void PolicyLoader::on_timer(net::Timer&) {
  stop_watching();
  keep_old_policy("compiling the new one took too long");
}

void PolicyLoader::stop_watching() {
  if (compiler_ == nullptr) {
    return;
  }
  loop_.disarm(patience_);
  loop_.forget(compiler_->process_fd());
  if (is_listening_to_output_) {
    loop_.forget(compiler_->output_fd());
  }
  compiler_.reset();
}

void PolicyLoader::finish_reload(const CompilerProcess::End& end) {
  std::string error;
  if (end.exit_status != kDone && end.exit_status != CompilerProcess::kNoRules) {
    keep_old_policy(complaint(end.said));
  } else if (pass_on(end.said); !(end.exit_status == kDone ? install_compiled(error) : install(std::nullopt, error))) {
    keep_old_policy(error);
  }
  if (std::exchange(is_asked_again_, false)) {
    reload();
  }
}

// Maps what the compiling process has left. Only its header is looked at here: the process has read all of it, or
// written it, a moment ago, and reading it again would hold up the traffic. A file that is gone is a failure: who takes it
// for a policy without rules blocks nothing any more.
bool PolicyLoader::install_compiled(std::string& error) {
  auto mapped = policy::MappedPolicy::open(policy::policy_path(settings_.data_dir), error);
  return mapped && install(std::move(mapped), error);
}

bool PolicyLoader::install(std::optional<policy::MappedPolicy> rules, std::string& error) {
  const std::string what = rules ? "policy " + rules->policy().version() + " in force: " + std::to_string(rules->policy().rule_count()) + " rules"
                                 : "policy in force: no rules about hosts";
  if (!owner_.install(std::move(rules), error)) {
    return false;
  }
  base::log_info(what);
  return true;
}

void PolicyLoader::keep_old_policy(const std::string& why) const { base::log_error("the old policy stays in force: " + why); }

}  // namespace weir::session
