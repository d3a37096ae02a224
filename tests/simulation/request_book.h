// What really happened, as the clients saw it: each request that a simulated worker was given, how far it came, and under
// which numbers something was recorded of it. The oracle compares the database with this.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "traffic_event.pb.h"

namespace weir::simulation {

// A place in a stream of events.
struct EventNumber {
  std::string stream;
  std::uint64_t sequence = 0;
};

struct Request {
  enum class Fate {
    Beginning,  // begin() has not returned: nobody knows of it
    Open,       // begun and not ended
    Ended,      // record() has returned
    CutShort,   // the worker was killed
  };

  std::uint64_t number = 0;  // also the connection_id of its events
  Fate fate = Fate::Beginning;
  bool is_followed = false;  // has, or had, a slot in the in-flight table
  proto::TrafficEvent event;
  std::uint64_t sent = 0;      // noted so far, or told by the record
  std::uint64_t received = 0;

  struct Telling {
    EventNumber number;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    bool is_certain = false;  // tell_progress() has returned
  };
  std::vector<Telling> tellings;
  std::vector<EventNumber> recordings;  // its record may have been given one of these numbers
};

// By their numbers.
using RequestBook = std::map<std::uint64_t, Request>;

}  // namespace weir::simulation
