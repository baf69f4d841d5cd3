#!/usr/bin/env bash
# Builds and tests everything; the last line is "N passed, N failed, N skipped". Needs only the .NET 10 SDK.
#
#   ./test.sh              what every change must pass
#   ./test.sh --full       also the long tests (HOLDFAST_FULL=1), which write docs/reports
#   ./test.sh --fast       no format check, no publish, no installation of test services
#
# With CI=true a test that skips because a service is missing counts as failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

full=0 fast=0
for arg in "$@"; do
    case "$arg" in
        --full) full=1 ;;
        --fast) fast=1 ;;
        -h | --help) sed -n '2,8p' "$0" | cut -c3-; exit 0 ;;
        *) echo "test.sh: unknown option $arg (see --help)" >&2; exit 64 ;;
    esac
done
# The long tests write their tables where they are kept; a whole run takes hours on two cores.
[ "$full" = 1 ] && export HOLDFAST_FULL=1 HOLDFAST_REPORTS="${HOLDFAST_REPORTS:-$PWD/docs/reports}" HOLDFAST_TEST_TIMEOUT="${HOLDFAST_TEST_TIMEOUT:-14400}" HOLDFAST_COMMIT="${HOLDFAST_COMMIT:-$(git rev-parse --short HEAD 2>/dev/null)}"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 NO_COLOR=1 LC_ALL=C.UTF-8
export DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

# The services that some tests talk to: a browser, PostgreSQL, promtool, strace. Without root they are only looked for.
services() {
    local missing=()
    command -v chromium >/dev/null || missing+=(chromium)
    [ -x /usr/bin/psql ] && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
    command -v promtool >/dev/null || missing+=(prometheus)
    command -v git >/dev/null || missing+=(git)
    command -v strace >/dev/null || missing+=(strace)
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "test.sh: not here, tests that need them will skip: ${missing[*]}" >&2
        return 0
    fi
    echo "test.sh: installing ${missing[*]}"
    # The packages' own daemons must not start: the tests run their own.
    local policy=/usr/sbin/policy-rc.d made=0
    if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1; fi
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } </dev/null >/tmp/holdfast-apt.log 2>&1 \
        || { echo "test.sh: the installation failed, tests that need them will skip:" >&2; tail -5 /tmp/holdfast-apt.log >&2; }
    [ "$made" = 1 ] && rm -f "$policy"
    return 0
}

step() {
    echo "== $1"
    shift
    "$@" </dev/null || { echo "test.sh: failed: $*" >&2; echo "0 passed, 1 failed, 0 skipped"; exit 1; }
}

[ "$fast" = 1 ] || services
step "restore" dotnet restore Holdfast.slnx --locked-mode -v quiet
step "build" dotnet build Holdfast.slnx -c Release --no-restore -v quiet -nodeReuse:false
[ "$fast" = 1 ] || step "format" dotnet format Holdfast.slnx --no-restore --verify-no-changes -v quiet

# One file, alone: what users get. Its tests find it by this variable.
if [ "$fast" = 0 ]; then
    rid=$(dotnet --info | awk '/^ *RID:/ {print $2; exit}')
    step "publish" dotnet publish src/Holdfast -c Release -r "$rid" --self-contained false -p:PublishSingleFile=true -p:ArtifactsPath="$PWD/artifacts/single/" -o "$PWD/artifacts/published" -v quiet
    export HOLDFAST_PUBLISHED="$PWD/artifacts/published/holdfast"
fi

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
passed=0 failed=0 skipped=0
for project in tests/*/*.csproj; do
    name=$(basename "$project" .csproj)
    echo "== $name"
    report="$results/$name.xml"
    arguments=(-result-xml "$report" -noLogo -noColor)
    # Skips are written with their reason; in CI they are failures below.
    timeout --kill-after=30 "${HOLDFAST_TEST_TIMEOUT:-900}" dotnet run --project "$project" -c Release --no-build -- "${arguments[@]}" </dev/null
    code=$?
    if [ ! -s "$report" ]; then
        echo "test.sh: $name ended with code $code and without a report" >&2
        failed=$((failed + 1))
        continue
    fi
    sum() { grep -o "<assembly [^>]*" "$report" | grep -o " $1=\"[0-9]*\"" | tr -dc '0-9\n' | awk '{s+=$1} END {print s+0}'; }
    p=$(sum passed) f=$(($(sum failed) + $(sum errors))) s=$(sum skipped)
    if [ "$f" = 0 ] && [ "$code" != 0 ]; then
        echo "test.sh: $name ended with code $code" >&2
        f=1
    fi
    if [ "${CI:-}" = true ]; then
        # "needs SERVICE" is the wording of skips for something that this script installs.
        lacking=$(grep -c '<reason>.*needs \(chromium\|postgresql\|promtool\|git\|strace\)' "$report" || true)
        if [ "$lacking" -gt 0 ]; then
            echo "test.sh: $lacking tests of $name skipped for a missing service" >&2
            f=$((f + lacking)) s=$((s - lacking))
        fi
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
