# What ./run and ./test share: install what is missing, build a preset. Sourced, with `set -euo pipefail` on and
# the working directory at the root of the project.
# shellcheck shell=bash

# A second checkout on the same machine finds what the first one compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }

# The lines of packages.txt in the sections named, without comments: "name | other | other".
packages_of() {
    local section wanted=" $* "
    while IFS= read -r line; do
        line=${line%%#*}
        if [[ $line =~ ^\[([a-z]+)\] ]]; then
            section=${BASH_REMATCH[1]}
        elif [[ $line =~ [^[:space:]] && $wanted == *" $section "* ]]; then
            printf '%s\n' "$line"
        fi
    done < packages.txt
}

installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null) == installed ]]; }

any_installed() {
    local name
    for name in "$@"; do installed "$name" && return 0; done
    return 1
}

# The first of the names this release has.
available() {
    local name
    for name in "$@"; do
        apt-cache show --no-all-versions "$name" > /dev/null 2>&1 && printf '%s\n' "$name" && return 0
    done
    return 1
}

# Runs a command as root: directly, or through sudo, which may ask for a password only on a terminal.
as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"
    elif ! command -v sudo > /dev/null; then
        say "Neither root nor sudo: as root, run: $*"
        return 1
    elif [[ -t 0 ]]; then sudo "$@"
    else sudo -n "$@"; fi
}

# Installs what is missing of the sections named; says what, and touches nothing when all is there.
install_packages() {
    local line names missing=() wanted=()
    while IFS= read -r line; do
        read -ra names <<< "${line//|/ }"
        any_installed "${names[@]}" || missing+=("$line")
    done < <(packages_of "$@")
    [[ ${#missing[@]} == 0 ]] && return 0

    if ! command -v apt-get > /dev/null; then
        say "This is not Debian: packages.txt lists what is needed. Going on with what is here."
        return 0
    fi
    say "Installing what is missing:"
    as_root apt-get update -qq || say "apt-get update failed; trying with the lists that are here."
    for line in "${missing[@]}"; do
        read -ra names <<< "${line//|/ }"
        if ! wanted+=("$(available "${names[@]}")"); then
            say "This release has none of: ${names[*]} (packages.txt)."
            return 1
        fi
    done
    say "  ${wanted[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-upgrade --no-install-recommends \
        -o Dpkg::Use-Pty=0 "${wanted[@]}" > /dev/null
}

# How many compilers at once: one per processor, and no more than memory allows (the largest source takes 1.5 GiB).
jobs_max() {
    local processors memory_kib jobs
    processors=$(nproc)
    memory_kib=$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)
    jobs=$((memory_kib / (1536 * 1024)))
    ((jobs > processors)) && jobs=$processors
    ((jobs < 1)) && jobs=1
    printf '%s\n' "$jobs"
}

# build PRESET TARGET...: configures build/PRESET and builds the targets (none: all of them). Off a terminal only
# warnings and errors are shown.
build() {
    local preset=$1 launcher=() targets=() quiet=()
    shift
    command -v ccache > /dev/null &&
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    [[ $# == 0 ]] || targets=(--target "$@")
    [[ -t 1 ]] || quiet=(-- --quiet)
    mkdir -p build
    if ! cmake --preset "$preset" "${launcher[@]}" > "build/$preset.log" 2>&1; then
        cat "build/$preset.log" >&2
        return 1
    fi
    cmake --build "build/$preset" --parallel "$(jobs_max)" "${targets[@]}" "${quiet[@]}"
}
