// Where appended events go out: the Shipper, or whatever a test has in its place.
#pragma once

namespace weir::traffic {

class Outlet {
 public:
  // Hears when the spool was emptied or is being filled, at most once in a few milliseconds.
  class Observer {
   public:
    virtual void on_spool_changed() = 0;

   protected:
    ~Observer() = default;
  };

  // An event was appended to the spool.
  virtual void on_appended() = 0;
  virtual void observe(Observer& observer) = 0;

 protected:
  ~Outlet() = default;
};

}  // namespace weir::traffic
