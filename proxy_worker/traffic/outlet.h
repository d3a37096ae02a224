// Where appended events go out: the Shipper, or whatever a test has in its place.
#pragma once

namespace weir::traffic {

class Outlet {
 public:
  // An event was appended to the spool.
  virtual void on_appended() = 0;

 protected:
  ~Outlet() = default;
};

}  // namespace weir::traffic
