"""The supervisor, with real processes: small programs as children, and short pauses."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from tests.conftest import PROJECT

PATIENCE = 60.0
"""Seconds after which a test that waits is ended; none needs more than two."""

SUPERVISOR = """
import json, pathlib, signal, sys
from search_service.supervisor import Child, Pauses, supervise

told = json.loads(sys.argv[1])
if told["nohup"]:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
children = [
    Child(name, (sys.executable, "-c", program, name), name == told["essential"])
    for name, program in told["children"].items()
]
folder, pauses = pathlib.Path.cwd(), Pauses(*told["pauses"])
sys.exit(supervise(children, folder=folder, pauses=pauses, grace=told["grace"]))
"""

# At once: print() may write a line in pieces, and the lines of two children would mix.
OBEDIENT = """
import os, signal, sys
from indexer.command_line import end_with_stdin

def end(*_):
    os.write(1, f"{sys.argv[1]} ends\\n".encode())
    sys.exit(0)

signal.signal(signal.SIGTERM, end)
end_with_stdin()
os.write(1, f"{sys.argv[1]} {os.getpid()}\\n".encode())
while True:
    signal.pause()
"""

STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
signal.alarm(60)
os.write(1, f"{sys.argv[1]} {os.getpid()}\\n".encode())
while True:
    signal.pause()
"""

FRUITFUL = """
import os, signal, socket
server = socket.create_server(("127.0.0.1", {port}))
mother = os.getpid()
if os.fork() == 0:
    print(mother, flush=True)
signal.alarm(60)
while True:
    signal.pause()
"""


class Supervised:
    """A running supervisor. What it and its children print comes in one stream."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def names_and_ids(self, count: int) -> dict[str, int]:
        """What so many children say when they start."""
        said = dict(self.line().split() for _ in range(count))
        return {name: int(number) for name, number in sorted(said.items())}

    def end(self, sent: signal.Signals = signal.SIGTERM, *, group: bool = False) -> tuple[int, str]:
        """The exit code, and what is printed until no process holds the stream."""
        send = os.killpg if group else os.kill
        send(self.process.pid, sent)
        printed, _ = self.process.communicate()
        return self.process.returncode, printed


@contextmanager
def supervised(
    pauses: tuple[float, ...] = (0.01, 0.04),
    *,
    grace: float = PATIENCE,
    essential: str = "",
    nohup: bool = False,
    **children: str,
) -> Iterator[Supervised]:
    told = {"pauses": pauses, "grace": grace, "essential": essential, "nohup": nohup}
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, json.dumps(told | {"children": children})],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    impatient = Timer(PATIENCE, process.kill)
    impatient.start()
    try:
        yield Supervised(process)
    finally:
        impatient.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_children_are_ended_in_their_order_and_only_by_the_supervisor(sent: signal.Signals) -> None:
    with supervised(web=OBEDIENT, follow=OBEDIENT) as running:
        assert list(running.names_and_ids(2)) == ["follow", "web"]
        assert running.end(sent, group=True) == (0, "web ends\nfollow ends\n")


@pytest.mark.parametrize("killed", ["web", "work"])
def test_a_killed_child_is_started_again_and_the_others_stay(killed: str) -> None:
    with supervised(web=OBEDIENT, work=OBEDIENT, essential="web") as running:
        before = running.names_and_ids(2)
        os.kill(before[killed], signal.SIGKILL)
        assert running.line() == f"{killed} was killed by signal 9: starting it again in 0.01 s"
        assert running.names_and_ids(1)[killed] != before[killed]
        assert running.end() == (0, "web ends\nwork ends\n")


def test_a_child_that_ends_by_itself_is_started_again() -> None:
    with supervised(web=OBEDIENT) as running:
        os.kill(running.names_and_ids(1)["web"], signal.SIGTERM)
        assert running.line() == "web ends"
        assert running.line() == "web ended with code 0: starting it again in 0.01 s"
        running.names_and_ids(1)


def test_what_a_dead_child_leaves_behind_is_killed_before_the_next_one_needs_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with supervised((0.2, 0.2), web=FRUITFUL.format(port=port)) as running:
        first = int(running.line())
        os.kill(first, signal.SIGKILL)
        assert running.line() == "web was killed by signal 9: starting it again in 0.2 s"
        assert int(running.line()) != first


def test_pauses_double_up_to_the_longest() -> None:
    with supervised((0.01, 0.04), web="raise SystemExit(3)") as running:
        said = [running.line() for _ in range(4)]
        pauses = ["0.01", "0.02", "0.04", "0.04"]
        assert said == [
            f"web ended with code 3: starting it again in {pause} s" for pause in pauses
        ]
        running.end()


def test_after_a_long_life_the_pause_is_short_again() -> None:
    healthy = 0.0  # every life is long enough
    with supervised((0.01, 0.04, healthy), web="raise SystemExit(3)") as running:
        said = [running.line() for _ in range(3)]
        assert said == ["web ended with code 3: starting it again in 0.01 s"] * 3
        running.end()


def test_a_pause_does_not_delay_the_end() -> None:
    with supervised((10 * PATIENCE, 10 * PATIENCE), web="raise SystemExit(3)") as running:
        assert running.line() == "web ended with code 3: starting it again in 600 s"
        assert running.end() == (0, "")


def test_a_child_that_does_not_end_is_killed_with_all_that_it_started() -> None:
    with supervised(grace=0.2, web=STUBBORN, work=OBEDIENT) as running:
        for _ in range(3):
            running.line()
        code, printed = running.end()
    assert printed == "web did not end within 0.2 s: it is killed\nwork ends\n"
    assert code == 1


def test_children_end_when_the_supervisor_is_killed() -> None:
    with supervised(web=OBEDIENT, work=OBEDIENT) as running:
        running.names_and_ids(2)
        code, printed = running.end(signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert sorted(printed.splitlines()) == ["web ends", "work ends"]


def test_an_essential_child_that_cannot_work_ends_all() -> None:
    refused = "import sys; print('error: no', flush=True); sys.exit(2)"
    with supervised(essential="web", web=refused, work="import signal; signal.pause()") as running:
        assert running.line() == "error: no"
        printed, _ = running.process.communicate()
    assert (running.process.returncode, printed) == (2, "")


def test_exit_code_2_ends_nothing_later_or_elsewhere(tmp_path: Path) -> None:
    mark = tmp_path / "first"
    later = f"""
import pathlib, sys
first = pathlib.Path({str(mark)!r})
code = 2 if first.exists() else 1
first.touch()
sys.exit(code)
"""
    with supervised(essential="web", web=later) as running:
        assert running.line() == "web ended with code 1: starting it again in 0.01 s"
        assert running.line() == "web ended with code 2: starting it again in 0.02 s"
        running.end()
    with supervised(essential="web", work="raise SystemExit(2)") as running:
        assert running.line() == "work ended with code 2: starting it again in 0.01 s"
        running.end()


def test_nohup_is_heeded() -> None:
    with supervised(nohup=True, web=OBEDIENT) as running:
        web = running.names_and_ids(1)["web"]
        os.kill(running.process.pid, signal.SIGHUP)
        os.kill(web, signal.SIGKILL)
        assert running.line().startswith("web was killed by signal 9")
        assert running.names_and_ids(1)["web"] != web
        assert running.end() == (0, "web ends\n")


def test_lines_that_nobody_can_read_stop_nothing(tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    with supervised(web=f"open({str(lives)!r}, 'a').write('.'); raise SystemExit(3)") as running:
        running.line()
        assert running.process.stdout is not None
        running.process.stdout.close()
        before = lives.stat().st_size
        while lives.stat().st_size < before + 3:
            assert running.process.poll() is None
            time.sleep(0.01)
        running.process.terminate()
        assert running.process.wait() == 0
