// The compiled policy as it lies in its file, little-endian and position-independent: every worker maps the same pages.
// Written by policy_writer, read by compiled_policy; a change here changes kFormat. docs/decisions/0033 explains it.
//
//   Header | Bucket[] | records | Suffix[256] | Checkpoint[] | Wildcard[] | List[] | SkippedLine[] | texts
//
// A record is one rule that is filed under its name, in the order of lists and lines:
//   flags (rule_record.h) | suffix: index into Suffix[] | size of the rest of the name | rest of the name
//   | with kHasLineStep: LEB128, lines from the rule before it in its list
// Of RulePattern::Kind::Wildcard it stands for all wildcards that can match names below its name:
//   flags | suffix | size | name | first u32, count u32: which of Wildcard[]
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "common/policy/content_hash.h"

namespace weir::policy::image {

constexpr std::array<char, 8> kMagic{'W', 'E', 'I', 'R', 'P', 'O', 'L', '\n'};
constexpr std::uint32_t kFormat = 1;

struct Section {
  std::uint64_t offset;
  std::uint64_t bytes;
};

struct Header {
  std::array<char, 8> magic;
  std::uint32_t format;
  std::uint32_t bucket_count;
  std::uint64_t file_bytes;
  ContentHash inputs;   // of what it was compiled from, see policy_file.h
  ContentHash content;  // of everything behind the header
  std::uint64_t hash_seed;
  std::uint32_t rule_count;
  std::uint32_t label_counts;   // bit n: a record's name has n labels; bit 31: 31 or more
  std::uint32_t actions;        // bit n: a rule has Action n
  std::uint32_t scanned_first;  // Wildcard[] from here on are tried for every host
  Section buckets;
  Section records;
  Section suffixes;
  Section checkpoints;
  Section wildcards;
  Section lists;
  Section skipped;
  Section texts;
  std::uint64_t header_hash;  // of everything before it
};
static_assert(sizeof(Header) == 216);

// One cache line of the hash table. A name's first bucket is the upper bits of its hash, its fingerprint the lowest.
struct Bucket {
  static constexpr std::size_t kSlots = 12;
  std::array<std::uint8_t, kSlots> fingerprints;
  std::uint8_t used;
  std::uint8_t has_overflowed;  // more of its names are in the next bucket
  std::array<std::uint8_t, 2> reserved;
  std::array<std::uint32_t, kSlots> records;  // offsets into the records
};
static_assert(sizeof(Bucket) == 64);

struct Text {
  std::uint32_t offset;  // into the texts
  std::uint32_t bytes;
};
using Suffix = Text;

// The first record that begins in each block of this many bytes of the records, and its line; those behind it count on
// from there. One in which none begins is never asked for.
struct Checkpoint {
  std::uint32_t record;  // offset into the records
  std::uint32_t line;
};
constexpr std::size_t kBytesPerCheckpoint = 256;

struct Wildcard {
  Text pattern;
  std::uint16_t head_bytes;  // at its beginning and end that are no wildcards
  std::uint16_t tail_bytes;
  std::uint32_t line;
  std::uint16_t list;
  std::uint16_t action;
  std::uint32_t order;  // of two that match, the lower one decides
};
static_assert(sizeof(Wildcard) == 24);

struct List {
  Text name;
  std::uint32_t first_record;  // offset; its line step, if it has one, counts from line 0
  std::uint32_t action;
  std::uint32_t is_file;
  std::uint32_t entries;
  std::uint32_t duplicates;
  std::uint32_t skipped;
  std::uint32_t skipped_first;  // which of SkippedLine[], and how many of them
  std::uint32_t skipped_kept;
};

struct SkippedLine {
  Text reason;
  std::uint32_t line;
};

inline std::size_t first_bucket(std::uint64_t hash, std::uint32_t bucket_count) {
  return static_cast<std::size_t>(((hash >> 32) * bucket_count) >> 32);
}
inline std::uint8_t fingerprint(std::uint64_t hash) { return static_cast<std::uint8_t>(hash); }

// A probe never goes over more buckets than this: the writer takes another seed rather than let it. Nearly all end in the
// first; at the writer's load a run of 100 full buckets is not seen even among 100 million names.
constexpr std::size_t kProbedBucketsMax = 256;

}  // namespace weir::policy::image
