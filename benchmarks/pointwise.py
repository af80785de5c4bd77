#!/usr/bin/env python3
"""Pointwise operators and fused chains: the block interpreter, native kernels, and PyTorch, side by side.

    benchmarks/pointwise.py [--build build] [--peer /usr/bin/python3] [--rounds 3] [--cpu-time]

The three run in turn, several rounds; each row keeps its best. The columns are microseconds, then how many times faster
than PyTorch the interpreter and the native kernels are. PyTorch runs a chain op by op, as users write it.
--cpu-time runs each on one thread and counts processor time, for machines that have other things to do.
"""
import argparse
import os
import subprocess

PEER = """
import sys, time, torch
clock = time.process_time if sys.argv[1:] else time.perf_counter
def timeit(name, n, fn):
    reps = 20000 if n <= 4 else 200 if n <= 10000 else (10 if n == 1000000 else 2)
    for _ in range(3): fn()
    best = 1e9
    for _ in range(7):
        t = clock()
        for _ in range(reps): fn()
        best = min(best, (clock() - t) / reps)
    print("bench\\t%s n=%d\\t%.10f" % (name, n, best), flush=True)
def gelu_tanh(x): return 0.5 * x * (1.0 + torch.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))
def swish_gate(x, y): return x * torch.sigmoid(x) * y
def adam_update(p, g, m, v):
    m = m * 0.9 + g * 0.1
    v = v * 0.999 + g * g * 0.001
    return p - 0.001 * m / (v.sqrt() + 1e-8), m, v
with torch.no_grad():
    for n in (4, 10000, 1000000, 8000000):
        x = torch.rand(n) * 4 - 2; y = torch.rand(n) * 4 - 2; z = y * y
        timeit("add", n, lambda: x + y); timeit("mul", n, lambda: x * y)
        timeit("exp", n, lambda: torch.exp(x)); timeit("tanh", n, lambda: torch.tanh(x))
        timeit("log", n, lambda: torch.log(z)); timeit("sin", n, lambda: torch.sin(x))
        timeit("sigmoid", n, lambda: torch.sigmoid(x)); timeit("gelu_tanh", n, lambda: gelu_tanh(x))
        timeit("gelu_erf", n, lambda: torch.nn.functional.gelu(x)); timeit("swish_gate", n, lambda: swish_gate(x, y))
        timeit("adam_update", n, lambda: adam_update(x, y, x, z))
"""


def rows(command):
    out = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return {name: float(s) for _, name, s in (line.split("\t") for line in out.splitlines() if line.startswith("bench"))}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--build", default="build")
    ap.add_argument("--peer", default="/usr/bin/python3")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--cpu-time", action="store_true")
    a = ap.parse_args()
    extra = ["--cpu-time"] if a.cpu_time else []
    if a.cpu_time:
        os.environ["OMP_NUM_THREADS"] = "1"
    bench = a.build + "/bench_pointwise"
    commands = {"interpreter": [bench, "--no-jit"], "native": [bench], "torch": [a.peer, "-c", PEER]}
    best = {}
    for r in range(a.rounds):
        for side in list(commands)[:: 1 if r % 2 == 0 else -1]:
            for name, seconds in rows(commands[side] + extra).items():
                at = best.setdefault(name, {})
                at[side] = min(at.get(side, 1e9), seconds)
    print("%-24s %12s %12s %12s %8s %8s" % ("", "interpreter", "native", "torch", "x int.", "x nat."))
    for name, t in best.items():
        i, n, p = t["interpreter"], t["native"], t["torch"]
        print("%-24s %12.3f %12.3f %12.3f %8.2f %8.2f" % (name, i * 1e6, n * 1e6, p * 1e6, p / i, p / n))


main()
