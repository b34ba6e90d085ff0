#!/usr/bin/env python3
"""Holds goleash against the least that its parser costs, and against other tools, over real Go code.

    scripts/ratios.py [--rounds N] [--semgrep] DIRECTORY…

Builds goleash and examples/floor.rs (release), copies the Go files of each directory without `vendor` and `testdata`, so
that everybody reads the same, and runs everything in turn. Prints tables in Markdown: each cell is goleash divided by the
column's program, the median of the rounds, but for threads, where it is one thread divided by two. `one package` is the
largest that has a channel, `one file` one of about 3000 lines alone in a folder. CPU is user and system time. Programs
that are not installed are left out. Fails when goleash and the floor have not read the same bytes, give or take one in a hundred.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = {"vendor", "testdata", "node_modules", ".git"}
RULE = """rules:
  - id: send-in-goroutine
    languages: [go]
    severity: WARNING
    message: a goroutine sends on a channel that is made here
    patterns:
      - pattern: $C <- $X
      - pattern-inside: "go func() { ... }()"
      - pattern-inside: |
          $C := make(...)
          ...
"""


def build():
    """Builds both programs; returns their paths."""
    command = ["cargo", "build", "--release", "--quiet", "--bin", "goleash", "--example", "floor"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "release")
    return target / "goleash", target / "examples" / "floor"


def copy(source, target):
    """Copies the Go files; returns how many, their bytes, the largest package and a file of about 3000 lines, both with
    channels."""
    count, size, best, packages = 0, 0, None, {}
    for folder, below, files in os.walk(source):
        below[:] = sorted(set(below) - SKIPPED)
        for name in files:
            path = pathlib.Path(folder, name)
            if not path.is_file() or not (name.endswith(".go") or name in ("go.mod", "go.work")):
                continue
            text = path.read_bytes()
            to = target / path.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(text)
            if name.endswith(".go"):
                count, size = count + 1, size + len(text)
                own, blocks = packages.get(to.parent, (0, False))
                packages[to.parent] = (own + len(text), blocks or b"<-" in text)
                distance = abs(text.count(b"\n") - 3000)
                if b"<-" in text and (best is None or distance < best[0]):
                    best = (distance, to)
    largest = max((path for path, (_, blocks) in packages.items() if blocks), key=packages.get, default=None)
    return count, size, largest, best and best[1]


def run(command, folder):
    """Runs a command; returns wall seconds, CPU seconds, peak memory in MB."""
    start = time.perf_counter()
    null = subprocess.DEVNULL
    child = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=null, stderr=null)
    _, _, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = 0
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def same_bytes(goleash, floor, folder):
    """Both sides have to read the same."""
    told = subprocess.run(goleash + ["--stats", "./..."], cwd=folder, capture_output=True, text=True)
    ours = int(re.search(r"^bytes +(\d+)$", told.stderr, re.M).group(1))
    theirs = int(subprocess.run([floor, "all", "."], cwd=folder, capture_output=True, text=True).stdout)
    if abs(ours - theirs) > theirs / 100:
        sys.exit(f"goleash has read {ours} bytes, the floor {theirs}")


def in_turn(commands, folder, rounds):
    """All commands, one after the other, again and again; the first round only warms the file cache."""
    times = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            measured = run(command, folder)
            if turn:
                times[name].append(measured)
    return times


def ratio(times, name, what, ours="goleash"):
    """How `ours` compares in `what` (0 wall, 1 CPU), as text."""
    if name not in times:
        return "–"
    pairs = zip(times[ours], times[name])
    return f"{statistics.median(ours[what] / max(theirs[what], 1e-4) for ours, theirs in pairs):.2f}"


def start_up(binary, rounds):
    """How long the version takes to tell, against a program that says hello."""
    with tempfile.TemporaryDirectory(prefix="goleash-ratios-") as scratch:
        source = pathlib.Path(scratch, "hello.rs")
        source.write_text('fn main() { println!("hello"); }')
        subprocess.run(["rustc", "-O", "-o", source.with_suffix(""), source], check=True)
        commands = {"goleash": [binary, "--version"], "hello": [source.with_suffix("")]}
        return ratio(in_turn(commands, scratch, rounds), "hello", 0)


def main():
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--semgrep", action="store_true", help="time semgrep too, which takes long")
    args = parser.parse_args()
    binary, floor = build()
    goleash = [binary, "check", "--quiet", "--isolated", "--generated"]
    heads = ["Go code", "files", "MB", "CPU ÷ survivors", "CPU ÷ everything", "wall ÷ gofmt", "wall ÷ semgrep"]
    heads += ["one package", "one file", "1 ÷ 2 threads", "peak MB"]
    print("| " + " | ".join(heads) + " |")
    print("| --- " * len(heads) + "|")
    for source in args.directories:
        with tempfile.TemporaryDirectory(prefix="goleash-ratios-") as scratch:
            folder = pathlib.Path(scratch, "code")
            count, size, largest, single = copy(source.resolve(), folder)
            same_bytes(goleash, floor, folder)
            commands = {
                "goleash": goleash + ["--threads", "2", "./..."],
                "one thread": goleash + ["--threads", "1", "./..."],
                "all": [floor, "all", "."],
                "survivors": [floor, "survivors", "."],
            }
            if shutil.which("gofmt"):
                commands["gofmt"] = ["gofmt", "-l", "."]
            if args.semgrep and shutil.which("semgrep"):
                rule = pathlib.Path(scratch, "rule.yml")
                rule.write_text(RULE)
                (folder / ".semgrepignore").write_text("")
                commands["semgrep"] = ["semgrep", "--metrics", "off", "--quiet", "--config", rule, "."]
            times = in_turn(commands, folder, args.rounds)
            package = {}
            if largest:
                commands = {"goleash": goleash + ["."], "survivors": [floor, "survivors", "."]}
                package = in_turn(commands, largest, args.rounds)
            alone = pathlib.Path(scratch, "alone")
            alone.mkdir()
            one = {}
            if single:
                shutil.copy(single, alone)
                commands = {"goleash": goleash + ["."], "one": [floor, "one", single.name]}
                one = in_turn(commands, alone, args.rounds * 5)
            peak = statistics.median(memory for _, _, memory in times["goleash"])
            cells = [source.name, count, f"{size / 1e6:.1f}", ratio(times, "survivors", 1), ratio(times, "all", 1)]
            cells += [ratio(times, "gofmt", 0), ratio(times, "semgrep", 0)]
            cells += [ratio(package, "survivors", 1), ratio(one, "one", 0)]
            cells += [ratio(times, "goleash", 0, ours="one thread"), f"{peak:.0f}"]
            print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
    print(f"\nstart-up: {start_up(binary, args.rounds * 10)} × a program that says hello")


if __name__ == "__main__":
    main()
