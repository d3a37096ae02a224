#include "tests/simulation/simulation.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/simulation/faults.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kEpochUs = 1'760'000'000'000'000;
constexpr std::size_t kSettlingTurnsMax = 2'000;

proto::TrafficEvent new_event(std::uint64_t number, std::int64_t started_at_us, Random& random) {
  static constexpr std::array<const char*, 4> kHosts{"a.example", "b.example", "c.example", ""};
  proto::TrafficEvent event;
  event.set_started_at_us(static_cast<std::uint64_t>(started_at_us));
  event.set_client_address(std::string("\x7F\0\0\1", 4));
  event.set_method("GET");
  event.set_scheme("http");
  event.set_host(kHosts[random.below(kHosts.size())]);
  event.set_port(80);
  event.set_path("/" + std::string(random.is_one_of(8) ? 400 : random.below(80), 'p'));
  if (random.is_one_of(3)) {
    event.set_user_agent("Agent/" + std::to_string(random.below(5)));
  }
  event.set_connection_id(number);
  event.set_request_number(1);
  return event;
}

void decide_outcome(proto::TrafficEvent& event, Random& random) {
  switch (random.below(6)) {
    case 0:
      event.set_outcome(proto::REFUSED);
      event.set_fault(proto::POLICY);
      event.set_reason("blocked_domain");
      return;
    case 1:
      event.set_outcome(proto::RATE_LIMITED);
      event.set_fault(proto::POLICY);
      event.set_reason("rate_limit");
      return;
    case 2:
      event.set_outcome(proto::FAILED);
      event.set_fault(proto::ORIGIN);
      event.set_reason("dns_failure");
      return;
    default:
      event.set_outcome(proto::SERVED);
      event.set_status(200);
      event.set_incoming_head("GET / HTTP/1.1" + std::string(random.below(200), 'h'));
  }
}

bool is_running(const std::unique_ptr<WorkerProcess>& process) { return process != nullptr; }

}  // namespace

Simulation::Simulation(std::uint64_t seed, std::filesystem::path data_dir, const std::filesystem::path& new_database)
    : random_(seed), temper_(draw_temper(random_)), data_dir_(std::move(data_dir)) {
  for (const char* folder : {"Database", "Website Traffic", "Blocked Logs", "run", "spool"}) {
    std::filesystem::create_directories(data_dir_ / folder);
  }
  std::filesystem::copy_file(new_database, data_dir_ / "Database" / "proxy_traffic.db");
  faults().is_disk_full = false;
  faults().streams = 0;
  faults().random = Random(random_.next());
  oracle_.emplace(data_dir_, book_);
  for (std::size_t i = 0; i < temper_.workers; ++i) {
    const std::string name = "worker-" + std::to_string(i);
    posts_.push_back({{data_dir_ / "spool" / name, name, temper_.limits}, Post::Duty::Serve, nullptr});
  }
}

Simulation::~Simulation() {
  kill_collector();
  faults().is_disk_full = false;
}

void Simulation::run() {
  start_collector();
  for (Post& post : posts_) {
    start_worker(post);
  }
  for (std::size_t step = 1; step <= temper_.steps; ++step) {
    trace().enter_step(step);
    do_something();
  }
  settle();
}

void Simulation::do_something() { perform(temper_.draw(random_)); }

void Simulation::perform(Deed deed) {
  switch (deed) {
    case Deed::BeginRequest:
      return begin_request();
    case Deed::MoveOctets:
      return move_octets();
    case Deed::TellProgress:
      return tell_progress();
    case Deed::EndRequest:
      return end_request();
    case Deed::PassTime:
      return pass_time();
    case Deed::DeliverMessage:
      return deliver_message();
    case Deed::DeliverAcknowledgement:
      return deliver_acknowledgement();
    case Deed::LetCollectorAct:
      return let_collector_act();
    case Deed::Connect:
      network_.connect_some();
      return;
    case Deed::StartWorker:
      if (Post* post = some_post([](const Post& p) { return !is_running(p.process) && p.duty != Post::Duty::Rest; })) {
        start_worker(*post);
      }
      return;
    case Deed::StartCollector:
      return start_collector();
    case Deed::BreakConnection:
      network_.break_some();
      return;
    case Deed::RepeatMessage:
      network_.repeat_some();
      return;
    case Deed::KillWorker:
      if (Post* post = some_post([](const Post& p) { return is_running(p.process); })) {
        kill(*post);
      }
      return;
    case Deed::KillCollector:
      return kill_collector();
    case Deed::StopCollector:
      return stop_collector();
    case Deed::ChangeDuty:
      return change_duty();
    case Deed::ToggleFullDisk:
      faults().is_disk_full = !faults().is_disk_full;
      WEIR_TRACE(faults().is_disk_full ? "the disk is full" : "the disk has room");
      return;
    case Deed::ToggleLock:
      return toggle_lock();
    case Deed::JumpClock:
      return jump_clock();
  }
}

Simulation::Post* Simulation::some_post(bool (*is_wanted)(const Post&)) {
  std::vector<Post*> wanted;
  for (Post& post : posts_) {
    if (is_wanted(post)) {
      wanted.push_back(&post);
    }
  }
  return wanted.empty() ? nullptr : wanted[random_.below(wanted.size())];
}

Request* Simulation::some_open_request(Post& post) {
  const auto& open = post.process->open_requests();
  return open.empty() ? nullptr : &book_.at(open[random_.below(open.size())]);
}

template <class Act>
void Simulation::with(Post& post, Act act) {
  try {
    act(*post.process);
  } catch (const Killed&) {
    WEIR_TRACE(post.place.name + ": dies at a crash point");
    kill(post);
  }
}

template <class Act>
void Simulation::with_collector(Act act) {
  try {
    act(*collector_);
  } catch (const Killed&) {
    WEIR_TRACE("collector: dies at a crash point");
    kill_collector();
  }
}

// Clients.

void Simulation::begin_request() {
  Post* post = some_post([](const Post& p) { return is_running(p.process) && p.duty == Post::Duty::Serve; });
  bool has_room = false;
  if (post != nullptr) {
    with(*post, [&](WorkerProcess& process) { has_room = process.has_room(); });
  }
  if (!has_room) {
    return;
  }
  const std::uint64_t number = book_.size() + 1;
  Request& request = book_[number];
  request.number = number;
  request.event = new_event(number, wall_clock_us(), random_);
  WEIR_TRACE(post->place.name + ": request " + std::to_string(number) + " begins");
  with(*post, [&](WorkerProcess& process) { process.begin(request); });
}

void Simulation::move_octets() {
  Post* post = some_post([](const Post& p) { return is_running(p.process) && !p.process->open_requests().empty(); });
  if (post != nullptr) {
    Request& request = *some_open_request(*post);
    request.sent += random_.below(1000);
    request.received += random_.below(100);
    post->process->note(request, random_.below(1'000'000));
  }
}

void Simulation::tell_progress() {
  Post* post = some_post([](const Post& p) { return is_running(p.process) && !p.process->open_requests().empty(); });
  if (post != nullptr) {
    Request& request = *some_open_request(*post);
    WEIR_TRACE(post->place.name + ": tells of request " + std::to_string(request.number));
    with(*post, [&](WorkerProcess& process) { process.tell_progress(request); });
  }
}

void Simulation::end_request() {
  Post* post = some_post([](const Post& p) { return is_running(p.process) && !p.process->open_requests().empty(); });
  if (post != nullptr) {
    end(*post, *some_open_request(*post));
  }
}

void Simulation::end(Post& post, Request& request) {
  decide_outcome(request.event, random_);
  request.event.set_duration_us(random_.below(2'000'000));
  if (random_.below(100) < temper_.long_records_in_hundred) {
    request.event.set_incoming_head(std::string(random_.below(2 * temper_.limits.segment_bytes), 'h'));
  }
  WEIR_TRACE(post.place.name + ": request " + std::to_string(request.number) + " ends, number " +
             std::to_string(post.process->spool().next_sequence()));
  with(post, [&](WorkerProcess& process) { process.end(request); });
}

// Time.

void Simulation::pass_time() {
  const std::size_t kind = random_.below(100);
  pass(std::chrono::milliseconds(kind < 75   ? random_.between(1, 40)
                                 : kind < 92 ? random_.between(100, 500)
                                 : kind < 98 ? random_.between(2'000, 3'000)
                                             : random_.between(10'000, 31'000)));
}

void Simulation::pass(std::chrono::milliseconds time) {
  now_ += time;
  for (Post& post : posts_) {
    if (is_running(post.process) && post.process->wake_at() && *post.process->wake_at() <= now_) {
      with(post, [](WorkerProcess& process) { process.on_time(); });
    }
  }
  let_collector_act();
}

void Simulation::let_collector_act() {
  if (collector_) {
    with_collector([&](CollectorProcess& process) { process.on_time(now_, wall_clock_us()); });
  }
}

void Simulation::jump_clock() {
  clock_offset_ += std::chrono::seconds(random_.below(200'000)) - 100'000s;
  WEIR_TRACE("the clock jumps");
}

std::int64_t Simulation::wall_clock_us() const {
  return kEpochUs + std::chrono::duration_cast<std::chrono::microseconds>(now_.time_since_epoch() + clock_offset_).count();
}

// The wire.

void Simulation::deliver_message() {
  if (collector_) {
    with_collector([&](CollectorProcess& process) { process.receive(now_, wall_clock_us()); });
  }
}

void Simulation::deliver_acknowledgement() {
  const auto socket = network_.bring_ack();
  for (Post& post : posts_) {
    if (socket && is_running(post.process) && post.process->socket() == *socket) {
      with(post, [](WorkerProcess& process) { process.on_acknowledgement(); });
      clear_away_if_delivered(post);
    }
  }
}

// Processes.

Fate Simulation::draw_fate(Role role) {
  return is_settling_ ? Fate() : temper_.draw_fate(role, random_);
}

void Simulation::start_worker(Post& post) {
  post.process = std::make_unique<WorkerProcess>(post.place, network_, book_, draw_fate(Role::Worker), now_);
  std::string error;
  bool is_started = false;
  WEIR_TRACE(post.place.name + ": starts");
  with(post, [&](WorkerProcess& process) { is_started = process.start(error); });
  if (!is_started && is_running(post.process)) {
    WEIR_TRACE(post.place.name + ": cannot start: " + error);
    post.process.reset();
  }
  clear_away_if_delivered(post);
}

void Simulation::kill(Post& post) {
  WEIR_TRACE(post.place.name + ": killed");
  for (const std::uint64_t number : post.process->open_requests()) {
    book_.at(number).fate = Request::Fate::CutShort;
  }
  post.process.reset();
}

void Simulation::start_collector() {
  if (collector_) {
    return;
  }
  collector_ = std::make_unique<CollectorProcess>(network_, draw_fate(Role::Collector), temper_.commit_interval,
                                                  [this](const collector::Reply& reply) { oracle_->check_acknowledgement(reply); });
  std::string error;
  bool is_started = false;
  WEIR_TRACE("collector: starts");
  with_collector([&](CollectorProcess& process) { is_started = process.start(data_dir_, error); });
  if (!is_started && collector_) {
    WEIR_TRACE("collector: cannot start: " + error);
    kill_collector();
  }
}

void Simulation::kill_collector() {
  if (collector_) {
    WEIR_TRACE("collector: killed");
    collector_->kill();
    collector_.reset();
  }
}

void Simulation::stop_collector() {
  if (collector_) {
    WEIR_TRACE("collector: stops");
    with_collector([](CollectorProcess& process) { process.stop(); });
    collector_.reset();
  }
}

// More workers than before, or fewer: then what they leave is delivered by a process without traffic.
void Simulation::change_duty() {
  Post& post = posts_[random_.below(posts_.size())];
  if (is_running(post.process) && post.duty == Post::Duty::Serve) {
    const std::vector<std::uint64_t> open = post.process->open_requests();
    for (const std::uint64_t number : open) {
      if (is_running(post.process)) {
        end(post, book_.at(number));
      }
    }
    if (is_running(post.process)) {
      with(post, [](WorkerProcess& process) { process.ship(); });
    }
  }
  post.process.reset();
  post.duty = post.duty == Post::Duty::Serve ? Post::Duty::DeliverOnly : Post::Duty::Serve;
  WEIR_TRACE(post.place.name + (post.duty == Post::Duty::Serve ? ": is to serve" : ": is to deliver what it has"));
}

void Simulation::clear_away_if_delivered(Post& post) {
  if (is_running(post.process) && post.duty == Post::Duty::DeliverOnly && post.process->is_delivered()) {
    WEIR_TRACE(post.place.name + ": has delivered everything");
    bool has_room = true;
    with(post, [&](WorkerProcess& process) { has_room = process.has_room(); });
    if (!has_room && !faults().is_disk_full) {
      throw Violation(post.place.name + " refuses requests, though nothing waits");
    }
    if (!is_running(post.process)) {
      return;
    }
    with(post, [](WorkerProcess& process) { process.clear_away(); });
    if (is_running(post.process)) {
      post.process.reset();
      post.duty = Post::Duty::Rest;
    }
  }
}

void Simulation::toggle_lock() {
  store::Error error;
  if (!locker_) {
    locker_ = store::Database::open_writer(data_dir_ / "Database" / "proxy_traffic.db", error);
  }
  if (locker_ && locker_->execute("lock", is_locked_ ? "ROLLBACK" : "BEGIN IMMEDIATE", error)) {
    is_locked_ = !is_locked_;
    WEIR_TRACE(is_locked_ ? "someone locks the database" : "the database is free again");
  }
}

// The end.

// No more faults: everything is killed once more, then starts and goes on until nothing is left to do.
void Simulation::settle() {
  trace().enter_step(temper_.steps + 1);
  WEIR_TRACE("no more faults");
  is_settling_ = true;
  faults().is_disk_full = false;
  if (is_locked_) {
    toggle_lock();
  }
  kill_collector();
  start_collector();
  for (Post& post : posts_) {
    if (is_running(post.process)) {
      kill(post);
    }
    post.duty = Post::Duty::DeliverOnly;
    start_worker(post);
  }
  deliver_everything();
  check_folders();
  oracle_->check_all();
}

void Simulation::deliver_everything() {
  for (std::size_t turn = 0; turn < kSettlingTurnsMax && !is_settled(); ++turn) {
    trace().enter_step(temper_.steps + 2 + turn);
    network_.connect_all();
    for (std::size_t i = 0; i < 20; ++i) {
      deliver_message();
      deliver_acknowledgement();
    }
    pass(20ms);
  }
  if (!is_settled()) {
    throw Violation("not everything is delivered, though nothing hinders it");
  }
}

bool Simulation::is_settled() const {
  return std::none_of(posts_.begin(), posts_.end(), [](const Post& post) { return is_running(post.process); }) &&
         network_.is_silent() && collector_->is_idle();
}

// A worker that has delivered everything leaves no events behind.
void Simulation::check_folders() const {
  for (const Post& post : posts_) {
    for (const auto& entry : std::filesystem::directory_iterator(post.place.folder)) {
      if (entry.path().filename() != "lock") {
        throw Violation(entry.path().filename().string() + " is left in the folder of " + post.place.name);
      }
    }
  }
}

}  // namespace weir::simulation
