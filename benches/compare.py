#!/usr/bin/env python3
"""Times grpc-guard over a corpus beside reading the files, beside a syntax pass over them, and beside peers.

    cargo build --release --example syntax_pass --bin grpc-guard
    benches/compare.py CORPUS [--runs 7] [--peer NAME='command with {path}']... [--registry DIR]
    benches/compare.py --curve [--instructions]

CORPUS holds cfn/, cfn-big/big.yaml, cfn-big/big.json, k8s/, tfjson/ and plan/plan.json; what is missing is left out.
CPU is user + system of the whole process; each command runs once a round, and the least of all rounds counts, so that what
else the machine does hits all commands alike. Only ratios of one run are worth comparing.

--curve makes inputs of its own, ten times as large in one respect, and fails when the cost grows by more than elevenfold.
With --instructions it counts what callgrind counts instead of CPU: slow, but the same on a busy machine. What CPU grows by
beyond that is memory that no longer fits the caches.
"""
import argparse
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = ROOT / "target/release/grpc-guard"
PASS = ROOT / "target/release/examples/syntax_pass"
CHECK = ["check", "--no-config", "--exit-zero", "--format", "concise"]
MOST = 11.0


def cost(command):
    """CPU milliseconds and peak MB of one run."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    return (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024


def instructions(command):
    """Millions of instructions of one run on one thread, and no memory."""
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}
    told = subprocess.run([*tool, *command], capture_output=True, text=True, env=environment).stderr
    line = next(line for line in told.splitlines() if "refs:" in line)
    return int(line.split()[-1].replace(",", "")) / 1e6, 0.0


def least(commands, runs, cost=cost):
    """The least CPU and the most memory of each command over some rounds."""
    found = {name: (float("inf"), 0.0) for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            cpu, memory = cost(command)
            found[name] = (min(found[name][0], cpu), max(found[name][1], memory))
    return found


def row(work, columns):
    print("| " + " | ".join([work] + columns) + " |", flush=True)


def compare(args):
    corpus = pathlib.Path(args.corpus)
    parts = ["cfn", "cfn-big/big.yaml", "cfn-big/big.json", "k8s", "tfjson", "plan/plan.json"]
    peers = dict(peer.split("=", 1) for peer in args.peer)
    row("work", ["reading", "syntax pass", "grpc-guard", "of the pass", "peak memory"] + list(peers))
    row("---", ["---"] * (5 + len(peers)))
    for part in parts:
        path = str(corpus / part)
        if not os.path.exists(path):
            continue
        commands = {
            "read": [PASS, "read", path],
            "parse": [PASS, "parse", path],
            "own": [TOOL, *CHECK, path],
        }
        for name, command in peers.items():
            commands[name] = shlex.split(command.replace("{path}", shlex.quote(path)))
        found = least(commands, args.runs)
        own, parse = found["own"], found["parse"]
        columns = [f"{found['read'][0]:.0f} ms", f"{parse[0]:.0f} ms", f"{own[0]:.0f} ms"]
        columns += [f"{own[0] / parse[0]:.2f}", f"{own[1]:.0f} MB"]
        row(part, columns + [f"{found[name][0]:.0f} ms ({found[name][0] / own[0]:.0f} times)" for name in peers])
    small(corpus, args.runs * 10)
    big = str(corpus / "cfn-big/big.json")
    if args.registry:
        rules = [TOOL, *CHECK, "--no-builtin", "--rules", args.registry, big]
        cpu, memory = least({"rules": rules}, args.runs)["rules"]
        print(f"rules of {args.registry} on {big}: {cpu:.0f} ms, {memory:.0f} MB")
    if os.path.exists(corpus / "cfn"):
        walls = {n: min(wall([TOOL, *CHECK, str(corpus / "cfn")], n) for _ in range(args.runs)) for n in (1, 2)}
        print(f"threads: 1 {walls[1]:.0f} ms, 2 {walls[2]:.0f} ms, ratio {walls[2] / walls[1]:.2f}")


def small(corpus, runs):
    """One small file by itself and among many, beside a program that does nothing. A child's peak memory is at least this
    script's own, so that small figures are an upper bound."""
    empty = pathlib.Path(WORK.name) / "empty"
    subprocess.run(["rustc", "-O", "-o", empty, write("empty.rs", "fn main() {}")], check=True)
    commands = {"empty program": [empty], "--version": [TOOL, "--version"]}
    commands["one small file"] = [TOOL, *CHECK, write("small/small.yaml", template(1))]
    for part in ["cfn", "k8s"]:
        files = sorted((corpus / part).glob("*.yaml"))
        if files:
            commands[f"one file of {part}/"] = [TOOL, *CHECK, files[0]]
            commands[f"100 files of {part}/, named"] = [TOOL, *CHECK, *files[:100]]
    found = least(commands, runs)
    nothing = found["empty program"][0]
    for name, (cpu, memory) in found.items():
        print(f"{name:28} {cpu:6.1f} ms {cpu / nothing:6.1f} times {memory:6.0f} MB")


def wall(command, threads):
    import time

    start = time.monotonic()
    subprocess.run(command, env={**os.environ, "RAYON_NUM_THREADS": str(threads)}, stdout=subprocess.DEVNULL)
    return (time.monotonic() - start) * 1000


# What the curve is measured on.


def service(n, condition="", rules=1, grpc=False):
    port = 50051 if grpc else 8080
    # Not a condition of the resource: as many resources are there in each scenario.
    port = f"!If [{condition}, {port}, {port + 1}]" if condition else port
    lines = [
        f"  Group{n}:",
        "    Type: AWS::ElasticLoadBalancingV2::TargetGroup",
        f"    Properties: {{Port: {port}, Protocol: HTTP, TargetType: ip, HealthCheckPath: /health}}",
    ]
    for k in range(rules):
        lines += [
            f"  Rule{n}x{k}:",
            "    Type: AWS::ElasticLoadBalancingV2::ListenerRule",
            "    Properties:",
            f"      ListenerArn: !Ref Listener{n}",
            f"      Priority: {k + 1}",
            f"      Conditions: [{{Field: path-pattern, Values: [/s{n}x{k}/*]}}]",
            f"      Actions: [{{Type: forward, TargetGroupArn: !Ref Group{n}}}]",
        ]
    lines += [
        f"  Listener{n}:",
        "    Type: AWS::ElasticLoadBalancingV2::Listener",
        "    Properties: {Port: 443, Protocol: HTTPS}",
    ]
    return "\n".join(lines) + "\n"


def template(n, **options):
    return "Resources:\n" + "".join(service(k, **options) for k in range(n))


def scenarios(n):
    head = "Parameters:\n" + "".join(f"  P{k}: {{Type: String, AllowedValues: [a, b], Default: a}}\n" for k in range(n))
    head += "Conditions:\n" + "".join(f"  C{k}: !Equals [!Ref P{k}, a]\n" for k in range(n))
    return head + "Resources:\n" + "".join(service(k, condition=f"C{k}") for k in range(n))


WORK = tempfile.TemporaryDirectory()


def write(name, text):
    path = pathlib.Path(WORK.name) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def files(name, n):
    for k in range(n):
        write(f"{name}/{k}.yaml", template(20))
    return str(pathlib.Path(WORK.name) / name)


def rules(name, n):
    for k in range(n):
        text = f"rule r{k} {{ Resources.*[ Type == 'AWS::ElasticLoadBalancingV2::TargetGroup' ].Properties.Port exists }}\n"
        write(f"{name}/r{k}.guard", text)
    return str(pathlib.Path(WORK.name) / name)


def curve(args):
    text = lambda n: "Description: " + "x" * n + "\n" + template(1)
    one = write("one.yaml", template(500))
    cases = {
        "bytes": [[write(f"bytes{n}.yaml", text(n * 2_000_000))] for n in (1, 10)],
        "files": [[files(f"files{n}", n * 100)] for n in (1, 10)],
        "resources": [[write(f"resources{n}.yaml", template(n * 500))] for n in (1, 10)],
        "rules": [["--no-builtin", "--rules", rules(f"rules{n}", n * 100), one] for n in (1, 10)],
        "links": [[write(f"links{n}.yaml", template(50, rules=n * 10))] for n in (1, 10)],
        # From six conditions on there are as many scenarios as are looked at, so that what grows is each of them.
        "scenarios": [[write(f"scenarios{n}.yaml", scenarios(n * 6))] for n in (1, 10)],
        "matches": [[write(f"matches{n}.yaml", template(n * 300, grpc=True))] for n in (1, 10)],
    }
    commands = {"start": [TOOL, *CHECK, write("small.yaml", template(1))]}
    for name, pair in cases.items():
        for size, tail in zip(("1", "10"), pair):
            commands[f"{name} {size}"] = [TOOL, *CHECK, *tail]
    unit = "million" if args.instructions else "ms"
    found = least(commands, 1, instructions) if args.instructions else least(commands, args.runs)
    start = found["start"][0]
    what = "instructions" if args.instructions else "CPU"
    row("ten times the", [f"{what} before", f"{what} after", "growth"])
    row("---", ["---"] * 3)
    worst = 0.0
    for name in cases:
        small, large = (found[f"{name} {size}"][0] for size in ("1", "10"))
        # What every run costs, however little there is to do, is no part of the curve.
        growth = max(large - start, 0.1) / max(small - start, 0.1)
        worst = max(worst, growth)
        row(name, [f"{small:.1f} {unit}", f"{large:.1f} {unit}", f"{growth:.1f}"])
    return 0 if worst <= MOST else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--registry", help="a directory of rule files for cfn-guard")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--instructions", action="store_true", help="count instructions with valgrind, for --curve")
    args = parser.parse_args()
    if args.curve:
        return curve(args)
    if not args.corpus:
        parser.error("name a corpus, or --curve")
    compare(args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
