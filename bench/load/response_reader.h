// Checks one response against what the origin is known to send: status 200, that length, that content. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::load {

class ResponseReader {
 public:
  enum class State { Incomplete, Complete, WrongStatus, WrongLength, WrongContent };

  // `body` outlives the reader.
  explicit ResponseReader(std::string_view body) : body_(body) {}

  // Takes the next octets. What follows a complete response is wrong content.
  State take(std::string_view octets);
  // The answer to CONNECT has a head alone.
  void expect_head_alone() { restart(HeadOnly::Yes); }
  void expect_whole() { restart(HeadOnly::No); }

 private:
  enum class HeadOnly { No, Yes };

  void restart(HeadOnly head_only);
  State judge_head() const;
  State take_body(std::string_view octets);

  std::string_view body_;
  HeadOnly head_only_ = HeadOnly::No;
  std::string head_;
  bool is_head_complete_ = false;
  std::size_t body_taken_ = 0;
};

}  // namespace weir::load
