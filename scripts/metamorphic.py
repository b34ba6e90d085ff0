#!/usr/bin/env python3
"""Does every finding survive a rewriting that keeps the meaning of the code?

    scripts/metamorphic.py [--goleash PATH] [--limit N] DIRECTORY…

Each finding in the directories is looked for again, in a copy of its package, after
  rename   the local identifiers of its function got other names,
  extract  its goroutine literal became a named function (declined where captures are not plain),
  split    half of the file's functions moved to a second file,
  field    the channels that its function makes moved into fields of structs,
  wrap     the body of its function stands in a block of its own,
  pad      unrelated functions, types and comments stand around it.
A finding that dies is a special case, not a detection. Prints survived/total of each rewriting and lists the dead;
exit code 1 if there are any. Needs Go (`GOLEASH_GO`, or `go` on the path) for the rewriting; nothing is changed in place.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

Hit = collections.namedtuple("Hit", "root file line rule")
REWRITINGS = ("rename", "extract", "split", "field", "wrap", "pad")
NEW_NAME = "extractedZq"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    project = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--goleash", default=str(project / "target" / "release" / "goleash"))
    parser.add_argument("--limit", type=int, default=0, help="look at so many findings per directory only")
    parser.add_argument("directories", nargs="+")
    options = parser.parse_args()
    options.goleash = str(pathlib.Path(options.goleash).resolve())

    with tempfile.TemporaryDirectory() as scratch:
        helper = build_helper(project, scratch)
        survived, total, declined = (collections.Counter() for _ in range(3))
        dead = []
        for root in options.directories:
            hits = findings(options.goleash, pathlib.Path(root))
            for hit in hits[: options.limit or None]:
                for rewriting in REWRITINGS:
                    verdict, detail = examine(options.goleash, helper, hit, rewriting)
                    if verdict == "declined":
                        declined[f"{rewriting}: {detail}"] += 1
                        continue
                    total[rewriting] += 1
                    survived[rewriting] += verdict == "survived"
                    if verdict == "dead":
                        dead.append(f"{rewriting}: {hit.root}/{hit.file}:{hit.line} [{hit.rule}] {detail}")
    for rewriting in REWRITINGS:
        print(f"{rewriting}: {survived[rewriting]}/{total[rewriting]}")
    for reason, count in sorted(declined.items()):
        print(f"  not tried {count}: {reason}")
    for line in dead:
        print(f"dead {line}")
    return 1 if dead else 0


def build_helper(project, scratch):
    go = os.environ.get("GOLEASH_GO", "go")
    helper = pathlib.Path(scratch) / "metamorph"
    environment = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="", GOWORK="off")
    source = project / "scripts" / "metamorph"
    subprocess.run([go, "build", "-buildvcs=false", "-o", helper, "."], cwd=source, env=environment, check=True)
    return str(helper)


def findings(goleash, root):
    """Every finding below `root`, in order."""
    run = subprocess.run([goleash, "check", "--format", "sarif", "./..."], cwd=root, capture_output=True, text=True)
    if run.returncode == 3:
        return []
    if not run.stdout.strip():
        sys.exit(f"{goleash} gave nothing for {root} (exit code {run.returncode}):\n{run.stderr}")
    hits = []
    for result in (r for run in json.loads(run.stdout)["runs"] for r in run.get("results", [])):
        place = result["locations"][0]["physicalLocation"]
        file = urllib.parse.unquote(place["artifactLocation"]["uri"])
        hits.append(Hit(root, file, place["region"]["startLine"], result["ruleId"]))
    return hits


def examine(goleash, helper, hit, rewriting):
    """Rewrites a copy of the finding's package and looks for the finding: (verdict, detail)."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = copy_package(hit, pathlib.Path(scratch))
        file = copy.parent / pathlib.Path(hit.file).name
        if not present(goleash, scratch, file.name, hit.line, hit.rule):
            return "declined", "the package alone does not show the finding"
        try:
            name, line = rewrite(helper, rewriting, file, hit.line)
        except Declined as why:
            return "declined", str(why)
        if present(goleash, scratch, name, line, hit.rule):
            return "survived", ""
        others = [h for h in findings(goleash, pathlib.Path(scratch)) if abs(h.line - line) < 30 and h.file.endswith(name)]
        near = ", ".join(f"{h.rule} at line {h.line}" for h in others) or "nothing"
        return "dead", f"looked for {name}:{line}, near it there is {near}"


def copy_package(hit, scratch):
    """Copies the Go files of the finding's directory, and the go.mod that rules it; gives the copy of its file."""
    source = (hit.root / hit.file).resolve().parent
    package = scratch / "package"
    package.mkdir()
    for path in source.glob("*.go"):
        shutil.copy(path, package / path.name)
    for directory in (source, *source.parents):
        if (directory / "go.mod").is_file():
            shutil.copy(directory / "go.mod", scratch / "go.mod")
            break
    return package / pathlib.Path(hit.file).name


def present(goleash, root, name, line, rule):
    wanted = (f"package/{name}", line, rule)
    return any((h.file.removeprefix("./"), h.line, h.rule) == wanted for h in findings(goleash, pathlib.Path(root)))


class Declined(Exception):
    """The code is not of a form that can be rewritten safely."""


def rewrite(helper, rewriting, file, line):
    """Rewrites `file` in place; gives the name of the file and the line where the old `line` is now."""
    second = file.with_name("zq_" + file.name)
    last = {"extract": [str(line), NEW_NAME], "split": [str(second)]}.get(rewriting, [str(line)])
    run = subprocess.run([helper, rewriting, str(file), *last], capture_output=True, text=True)
    if run.returncode:
        raise Declined(run.stderr.strip().split(": ")[0])
    file.write_text(run.stdout)
    moved = [report.split() for report in run.stderr.splitlines()]
    if rewriting != "split":
        return file.name, int(moved[0][1])
    for _, old, new in moved:
        if int(old) == line:
            return second.name, int(new)
    return file.name, line


if __name__ == "__main__":
    sys.exit(main())
