// Brings the compiled policy into force: at the worker's start, and anew on SIGHUP, while traffic goes on. Compiling is
// another process's work (compiler_process.h); here a finished file is mapped. Owned by the Worker.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/options/settings.h"
#include "common/policy/policy_file.h"
#include "proxy_worker/net/event_loop.h"
#include "proxy_worker/session/compiler_process.h"

namespace weir::session {

class PolicyLoader : private net::IoListener, private net::Timer::Listener {
 public:
  class Owner {
   public:
    // Puts these rules into force (none: no host is blocked), with whatever else is read anew, or changes nothing and says
    // why not.
    [[nodiscard]] virtual bool install(std::optional<policy::MappedPolicy> rules, std::string& error) = 0;

   protected:
    ~Owner() = default;
  };

  // `command_line`: this process's own, program first.
  PolicyLoader(net::EventLoop& loop, const options::Settings& settings, Owner& owner, std::vector<std::string> command_line)
      : loop_(loop), settings_(settings), owner_(owner), command_line_(std::move(command_line)) {}
  ~PolicyLoader() { stop_watching(); }

  // At the start, before anything is served. Gives an exit status: 0, or 1 or 2 with `error`.
  [[nodiscard]] int load(std::string& error);
  // Returns at once; the log says what became of it. Asked again meanwhile: once more when this is done.
  void reload();

 private:
  void on_io(net::Readiness readiness) override;  // of the compiling process
  void on_timer(net::Timer& timer) override;
  void finish_reload(const CompilerProcess::End& end);
  bool install_compiled(std::string& error);
  bool install(std::optional<policy::MappedPolicy> rules, std::string& error);
  void keep_old_policy(const std::string& why) const;
  void stop_watching();

  net::EventLoop& loop_;
  const options::Settings& settings_;
  Owner& owner_;
  std::vector<std::string> command_line_;
  std::unique_ptr<CompilerProcess> compiler_;  // of a reload
  bool is_listening_to_output_ = false;
  bool is_asked_again_ = false;
  net::Timer patience_{*this};
};

}  // namespace weir::session
