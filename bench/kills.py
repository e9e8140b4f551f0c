"""Durability: `kill -9` of our own processes at random and at awkward moments, on a real installation.

    python -m bench.kills [TRIALS [SEED [FIRST]]]     or TRIALS=60 SEED=7 make bench ARGS=kills

Each trial goes the whole way (submit, set up, work, ask, follow up, preview, merge) with one or two kills
in it, then looks whether anything was lost, done twice, or left behind. A trial depends on the seed and
its number alone; FIRST begins at a later one. MOMENTS=merge,submit kills at these moments only.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from bench._kills_trial import MOMENTS, SHIM_MOMENTS, VICTIMS, Plan, Trial
from tests.support.installation import Installation, eventually, git

SETTLE_GOAL_S = 30
SECOND_KILL = 0.25
SETTINGS = """\
setup = ["echo one; sleep 0.3", "echo two; sleep 0.3; mkdir -p .venv; echo ok > .venv/mark"]

[preview]
command = "exec python3 -m http.server $PORT --bind 127.0.0.1"
autostart = false
"""
# Prints numbered lines, some slowly, 500 at once, some slowly again, and writes files meanwhile.
COUNT = """\
prompt=$(cat)
case $prompt in *again-*)
  echo "heard $(printf %s "$prompt" | grep -o 'again-[0-9a-f]*' | head -n 1)"
  echo "$BAKEOFF_TASK" > again.txt; exit;;
esac
slowly() { i=$1; while [ $i -le $2 ]; do
  echo line $i; [ $((i % 10)) = 0 ] && echo "$BAKEOFF_TASK $i" > file$i.txt
  i=$((i + 1)); sleep 0.1; done; }
slowly 1 25; seq -f 'line %.0f' 26 525; slowly 526 550
echo "$BAKEOFF_TASK" > end.txt
"""
# Ends when it is stopped.
ENDLESS = "cat > /dev/null; echo begun; echo $BAKEOFF_TASK > kept.txt; while :; do sleep 1; done"


def plan_make(seed: int, number: int) -> Plan:
    rng = random.Random(f"{seed}:{number}")
    victim = VICTIMS[number % len(VICTIMS)]
    wanted = (os.environ.get("MOMENTS") or ",".join(MOMENTS)).split(",")
    moments = [m for m in (SHIM_MOMENTS if victim == "shim" else MOMENTS) if m in wanted]
    if not moments:  # a shim at a moment when there is none
        victim, moments = "worker", wanted
    second = ""
    if rng.random() < SECOND_KILL:
        second = rng.choice([v for v in VICTIMS if v not in ("shim", "supervisor")])
    return Plan(number=number, victim=victim, moment=rng.choice(moments), second=second, rng=rng)


def origin_make(path: Path) -> Path:
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    (path / "README.md").write_text("# A project\n")
    (path / ".bakeoff.toml").write_text(SETTINGS)
    (path / ".gitignore").write_text(".venv/\n")
    git(path, "add", ".")
    git(path, "commit", "--quiet", "-m", "Begin")
    return path


def run(*, trials: int, seed: int, first: int = 0) -> int:
    place = Path(tempfile.mkdtemp(prefix="bakeoff-kills-"))
    installation = Installation(place / "data", env={"BAKEOFF_SLOTS": "3"})
    origin = origin_make(place / "origin")
    settled: dict[str, float] = {}
    count: Counter[str] = Counter()
    failures: list[dict[str, object]] = []
    try:
        installation.up()
        installation.agent("counter", adapter="command", command=["sh", "-c", COUNT])
        installation.agent("endless", adapter="command", command=["sh", "-c", ENDLESS])
        project = installation.project(origin)
        eventually(lambda: installation.get(f"projects/{project}")["state"] == "ready")
        for number in range(first, first + trials):
            plan = plan_make(seed, number)
            trial = Trial(installation=installation, origin=origin, project=project, plan=plan)
            began = time.monotonic()
            try:
                trial.run()
            except Exception:  # noqa: BLE001 - whatever stops a trial is its finding
                trial.problems.append(traceback.format_exc()[-1500:])
            if trial.settle_s > SETTLE_GOAL_S:
                trial.problems.append(f"settled {trial.settle_s:.1f} s after all was back")
            count[plan.victim] += 1
            settled[plan.victim] = max(settled.get(plan.victim, 0), trial.settle_s)
            what = f"{plan.victim} at {plan.moment}" + (
                f", then {plan.second}" if plan.second else ""
            )
            verdict = "FAILED" if trial.problems else "ok"
            print(
                f"{time.strftime('%H:%M:%S')} trial {number}: {what}: {verdict}, settled {trial.settle_s:.1f} s, "
                f"took {time.monotonic() - began:.0f} s",
                *trial.problems,
                sep="\n    ",
                file=sys.stderr,
                flush=True,
            )
            if trial.problems:
                failures.append(
                    {"seed": seed, "trial": number, "what": what, "problems": trial.problems}
                )
    finally:
        installation.down()
        if failures:
            print(f"kept for a look: {place}", file=sys.stderr)
        else:
            shutil.rmtree(place, ignore_errors=True)
    print(
        json.dumps(
            {
                "bench": "kills",
                "seed": seed,
                "trials": sum(count.values()),
                "per_victim": dict(count),
                "worst_settle_s": {name: round(s, 1) for name, s in settled.items()},
                "settle_goal_s": SETTLE_GOAL_S,
                "failures": failures,
            }
        )
    )
    return 1 if failures else 0


def main() -> None:
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    run(trials=int(os.environ.get("TRIALS") or 20), seed=seed)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    named = dict(zip(("trials", "seed", "first"), given, strict=False))
    named.setdefault("trials", int(os.environ.get("TRIALS") or 20))
    named.setdefault("seed", int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6)))
    sys.exit(run(**named))
