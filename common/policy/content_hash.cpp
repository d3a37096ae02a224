#include "common/policy/content_hash.h"

#define XXH_INLINE_ALL  // A name is hashed in less time than a call into the library takes.
#include <xxhash.h>

#include <algorithm>
#include <new>

namespace weir::policy {

namespace {

// The form that is the same on every machine.
ContentHash canonical(XXH128_hash_t hash) {
  XXH128_canonical_t text;
  XXH128_canonicalFromHash(&text, hash);
  ContentHash out;
  std::copy(std::begin(text.digest), std::end(text.digest), out.begin());
  return out;
}

}  // namespace

ContentHash hash_content(std::span<const std::byte> bytes) { return canonical(XXH3_128bits(bytes.data(), bytes.size())); }

std::uint64_t hash_name(std::string_view name, std::uint64_t seed) { return XXH3_64bits_withSeed(name.data(), name.size(), seed); }

ContentHasher::ContentHasher() : state_(XXH3_createState()) {
  if (state_ == nullptr) {
    throw std::bad_alloc();
  }
  XXH3_128bits_reset(static_cast<XXH3_state_t*>(state_));
}

ContentHasher::~ContentHasher() { XXH3_freeState(static_cast<XXH3_state_t*>(state_)); }

void ContentHasher::add(std::string_view part) {
  add(std::uint64_t{part.size()});
  XXH3_128bits_update(static_cast<XXH3_state_t*>(state_), part.data(), part.size());
}

void ContentHasher::add(std::uint64_t number) {
  XXH3_128bits_update(static_cast<XXH3_state_t*>(state_), &number, sizeof number);
}

ContentHash ContentHasher::finish() const { return canonical(XXH3_128bits_digest(static_cast<const XXH3_state_t*>(state_))); }

}  // namespace weir::policy
