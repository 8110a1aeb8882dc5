#!/usr/bin/env bash
# Measures this bundle's SimCLR on the libtorch of an installed PyTorch, against the same step in plain PyTorch, and trains
# on CIFAR-10 where its images are given. Needs no .NET, no network, and no rights.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)

usage() {
    cat <<'TEXT'
Usage: ./run.sh [TORCH_LIB [DATA]]

  TORCH_LIB  the lib folder of an installed PyTorch; without it, that of python3's torch
  DATA       CIFAR-10: a folder with train/ and test/ or with the binary version, or cifar10-jpeg.tar.xz;
             without it, the archive in this bundle if there is one; 'none': no training

Environment: PYTHON (python3), ENCODERS (resnet18,resnet50), BATCHES (512,4096; on a CPU 16), SECONDS_EACH (10), TURNS (3),
VIEWS (tensor,loader), MINUTES of training (15), TRAIN (more arguments of the training, for example "--limit 500 --epochs 1").
With OUT=FOLDER it does all of that, and the comparison of GPU and CPU, in runs of MINUTES_EACH (8.5): each takes up what is not done, and ends with 75 where another
is to go on. FOLDER has no file above 16 MiB; bring it along.
Without a GPU everything is tiny: that shows only that it runs. The output also goes to results.txt in the current folder.
TEXT
}

case ${1:-} in -h | --help) usage; exit ;; esac

export SIMCLR_PYTHON=${PYTHON:-python3}
lib=${1:-$("$SIMCLR_PYTHON" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')} ||
    { usage >&2; exit 2; }
export SIMCLR_LIBTORCH=$lib
# A newer PyTorch may have dropped functions that no measurement calls: the check below names them.
export SIMCLR_LIBTORCH_MISSING=allow
# What can be set from the first moment on only; the process itself sets the rest (SimCLR.Core/Runtime/ProcessSettings.cs).
export DOTNET_TieredPGO=0 DOTNET_gcConcurrent=0 DOTNET_GCgen0size=0x4000000

bench() { "$here/bench/SimCLR.Benchmarks" "$@"; }

unpack() { # ARCHIVE FOLDER; a machine without xz has Python
    mkdir -p "$2"
    tar xJf "$1" -C "$2" 2>/dev/null ||
        "$SIMCLR_PYTHON" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$1" "$2"
}

in_parts() { # DATA DEVICE
    local data=$1 more=()
    [ "$2" = cuda ] || more=(--encoder small --batch 16 --turns 1 --seconds 1 --epochs 1 --limit 500)
    if [ -f "$data" ]; then
        unpacked=$(mktemp -d)
        trap 'rm -rf "$unpacked"' EXIT
        unpack "$data" "$unpacked"
        data=$unpacked
    fi
    [ ! -d "$data" ] || more+=(--data "$data")
    bench gpu --out "$OUT" --minutes "${MINUTES_EACH:-8.5}" --device "$2" --python "$SIMCLR_PYTHON" "${more[@]}"
}

main() {
    local data=${1:-} checked device seconds=${SECONDS_EACH:-10} more=()
    [ -n "$data" ] || data=$here/cifar10-jpeg.tar.xz
    echo "== check =="
    checked=$(bench check) || { echo "$checked"; exit 1; }
    echo "$checked"
    if grep -q '^CUDA.*device(s)' <<<"$checked"; then device=cuda; else device=cpu; fi

    if [ -n "${OUT:-}" ]; then
        in_parts "$data" $device
        return
    fi

    echo "== training step against plain PyTorch, channels-last, on $device =="
    if [ $device = cuda ]; then
        bench apart --encoder "${ENCODERS:-resnet18,resnet50}" --batch "${BATCHES:-512,4096}" \
            --views "${VIEWS:-tensor,loader}" --turns "${TURNS:-3}" --seconds "$seconds" --device cuda
        echo "gradient caching, batch 4096 in parts of 512:"
        bench throughput --encoder resnet18 --batch 4096 --micro 512 --precision bfloat16 --seconds "$seconds"
        bench step --encoder resnet18 --batch 512 --seconds "$seconds"
    else
        bench apart --encoder "${ENCODERS:-resnet18}" --batch "${BATCHES:-16}" \
            --views "${VIEWS:-tensor,loader}" --turns "${TURNS:-1}" --seconds "${SECONDS_EACH:-1}" --device cpu
        more=(--limit 500 --epochs 1 --batch 50 --encoder small)
    fi

    [ "$data" != none ] || return 0
    [ -e "$data" ] || { echo "no CIFAR-10 at $data: no training"; return 0; }
    echo "== CIFAR-10 =="
    if [ -f "$data" ]; then
        unpacked=$(mktemp -d)
        trap 'rm -rf "$unpacked"' EXIT
        unpack "$data" "$unpacked"
        data=$unpacked
    fi
    # shellcheck disable=SC2206 # TRAIN holds several arguments
    [ -z "${TRAIN:-}" ] || more=($TRAIN)
    bench train --data "$data" --minutes "${MINUTES:-15}" --device $device "${more[@]}"
}

main "${2:-}" 2>&1 | tee results.txt
