# shellcheck shell=bash
# Sourced by scripts/run and scripts/test: installs what is missing, configures and builds one preset.
# Works from any folder, as root or with sudo, on a Debian 12 that has only its base system.

weir_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
readonly weir_root
readonly memory_per_job_kib=$((1536 * 1024))

say() {
  printf '%s\n' "$*" >&2
}

fail() {
  say "${0##*/}: $*"
  exit 1
}

# install_packages LIST...: has every package of scripts/packages/LIST.txt installed. Without apt when nothing is missing.
install_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail 'this script installs with apt, as Debian 12 has it. On another system install what scripts/packages/*.txt' \
      'names, then: cmake --preset release && cmake --build --preset release && scripts/supervisor'
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) && return
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "these packages are missing: ${missing[*]}" \
        'There is no sudo here: run this script once as root, or have somebody install them.'
    as_root=(sudo)
  fi
  say "Installing with apt${as_root[0]:+ (through ${as_root[0]})}: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  "${apt[@]}" update </dev/null >&2 || fail 'apt-get update failed; see its message above'
  hold_services "${as_root[@]}"
  local status=0
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >&2 || status=$?
  release_services "${as_root[@]}"
  ((status == 0)) || fail 'apt-get install failed; see its message above'
  # The tests run servers of their own; one that came with a package is not to come up with the machine.
  if [[ " ${missing[*]} " == *' nginx '* ]] && command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl disable --quiet nginx.service </dev/null >&2 2>/dev/null || true
  fi
}

readonly policy_layer=/usr/sbin/policy-rc.d # asked by every package before it starts a service
holds_services=

# hold_services [SUDO]: packages that are installed now start no service; unless somebody else has a say in that already.
hold_services() {
  [[ -e $policy_layer ]] && return
  holds_services=1
  printf '#!/bin/sh\nexit 101\n' | "$@" tee "$policy_layer" >/dev/null && "$@" chmod 755 "$policy_layer"
}

release_services() {
  [[ -n $holds_services ]] && "$@" rm -f "$policy_layer"
  holds_services=
}

missing_packages() {
  local names package status
  local -A is_installed=()
  mapfile -t names < <(package_names "$@")
  while read -r package status; do
    [[ $status == installed ]] && is_installed[$package]=1
  done < <(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "${names[@]}" 2>/dev/null)
  for package in "${names[@]}"; do
    [[ -v is_installed[$package] ]] || printf '%s\n' "$package"
  done
}

package_names() {
  local list
  for list in "$@"; do
    sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$weir_root/scripts/packages/$list.txt"
  done
}

# build_preset NAME: configures when that was not done with these presets in this folder; ninja decides on the rest.
build_preset() {
  local folder=$weir_root/build/$1
  require_writable "$folder"
  local configured=$folder/configured # holds the clone's path: a clone that was moved is configured again
  if [[ ! -e $configured || $weir_root/CMakePresets.json -nt $configured || $(<"$configured") != "$weir_root" ]]; then
    cmake -S "$weir_root" --preset "$1" --fresh >&2 || fail "cmake could not configure preset $1; see its message above"
    printf '%s\n' "$weir_root" >"$configured"
  fi
  cmake --build "$folder" --parallel "$(parallel_jobs)" >&2 || fail "the build failed; see the messages above"
}

require_writable() {
  mkdir -p -- "$1" 2>/dev/null && [[ -w $1 ]] && return
  local existing=$1
  while [[ ! -e $existing ]]; do
    existing=$(dirname -- "$existing")
  done
  fail "cannot write to $existing: it belongs to $(stat -c %U -- "$existing"), and you are $(id -un 2>/dev/null || true)." \
    'Work in a clone of your own, or as that user.'
}

# One job per core, as far as the memory goes: a translation unit takes up to 1.5 GiB.
parallel_jobs() {
  local cores available_kib limit
  cores=$(nproc)
  available_kib=$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true) # a container's own limit
  if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < available_kib)); then
    available_kib=$((limit / 1024))
  fi
  local jobs=$((available_kib / memory_per_job_kib))
  ((jobs < cores)) || jobs=$cores
  ((jobs > 1)) || jobs=1
  printf '%s\n' "$jobs"
}
