"""What tests of ``follow`` share: a follower in a thread of its own, and what it tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from indexer.command_line import Stop
from indexer.generations import Generation, Generations
from indexer.rebuilding.follow import Follower
from tests.indexer.site import SHANGHAI, Site

PATIENCE = 60.0


def wait(come: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < until
        time.sleep(0.02)


class _Counted(Generations):
    """Counts how often somebody asks for the live generation."""

    looks = 0

    def live(self) -> Generation:
        self.looks += 1
        return super().live()


@dataclass
class Following:
    """A follower that runs. ``told`` is what it has told."""

    site: Site
    told: list[str] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)
    error: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.generations = _Counted(self.site.generations.root)

    def run(self) -> None:
        try:
            Follower(
                self.site.store,
                self.generations,
                analyzer=self.site.analyzer,
                timezone=SHANGHAI,
                tell=self.told.append,
            ).run(self.stop)
        except BaseException as error:
            self.error.append(error)
            raise

    def wait_until_told(self, part: str) -> None:
        wait(lambda: self.error or any(part in sentence for sentence in self.told))
        assert not self.error

    def wait_for_tries(self) -> None:
        """Wait until it has begun anew some times."""
        before = self.generations.looks
        wait(lambda: self.error or self.generations.looks > before + 4)
        assert not self.error

    def wait_until_current(self) -> None:
        """Wait until the live index holds what the store holds, and its revision."""
        wait(lambda: self.error or self.is_current())
        assert not self.error

    def is_current(self) -> bool:
        with self.site.engine().reader() as reader:
            if reader.revision != self.site.store.revision():
                return False
        return self.site.indexed() == self.site.stored()


@contextmanager
def following(site: Site) -> Iterator[Following]:
    """A follower, as long as the block runs."""
    made = Following(site)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop.asked = True
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert not made.error
