"""jieba's model of unknown words: which characters of a run form words that no dictionary holds.

It is a hidden Markov model. Its four states say where in a word a character stands: at the beginning, in the middle, at the
end, or alone. The tables and the arithmetic equal those of jieba.finalseg to the last bit, since the last bit decides how a run
of equal characters is cut.
"""

from __future__ import annotations

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, Final

from indexer.analysis.dictionary import jieba_folder

_STATES: Final = "BMES"
_IMPOSSIBLE: Final = -3.14e100
_NOWHERE: Final = (_IMPOSSIBLE,) * 4

_BEGIN, _MIDDLE, _END, _ALONE = range(4)


def cut_unknown(run: str) -> list[str]:
    """The words of a run of at least two Chinese characters. O(length), about a microsecond a character."""
    emissions, transitions = _tables()
    (
        end_begin,
        alone_begin,
        middle_middle,
        begin_middle,
        begin_end,
        middle_end,
        alone_alone,
        end_alone,
    ) = transitions
    begin, middle, end, alone = map(float.__add__, _start(), emissions.get(run[0], _NOWHERE))
    steps: list[tuple[int, int, int, int]] = []
    for character in run[1:]:
        at_begin, at_middle, at_end, at_alone = emissions.get(character, _NOWHERE)
        # Two states can precede each state. On a tie jieba takes the greater letter: S > M > E > B.
        from_end = end + end_begin + at_begin
        from_alone = alone + alone_begin + at_begin
        before_begin = _ALONE if from_alone >= from_end else _END
        next_begin = from_alone if from_alone >= from_end else from_end

        from_begin = begin + begin_middle + at_middle
        from_middle = middle + middle_middle + at_middle
        before_middle = _MIDDLE if from_middle >= from_begin else _BEGIN
        next_middle = from_middle if from_middle >= from_begin else from_begin

        from_begin = begin + begin_end + at_end
        from_middle = middle + middle_end + at_end
        before_end = _MIDDLE if from_middle >= from_begin else _BEGIN
        next_end = from_middle if from_middle >= from_begin else from_begin

        from_end = end + end_alone + at_alone
        from_alone = alone + alone_alone + at_alone
        before_alone = _ALONE if from_alone >= from_end else _END
        next_alone = from_alone if from_alone >= from_end else from_end

        steps.append((before_begin, before_middle, before_end, before_alone))
        begin, middle, end, alone = next_begin, next_middle, next_end, next_alone
    return _words(run, steps, last=_ALONE if alone >= end else _END)


def _words(run: str, steps: list[tuple[int, int, int, int]], *, last: int) -> list[str]:
    """Walk the steps back from the last state. A word starts at each character with the state beginning or alone."""
    words: list[str] = []
    state, end = last, len(run)
    for start in range(len(run) - 1, 0, -1):
        if state in (_BEGIN, _ALONE):
            words.append(run[start:end])
            end = start
        state = steps[start - 1][state]
    # If the model does not know any of the characters, even the first may have the state middle.
    words.append(run[:end])
    words.reverse()
    return words


@cache
def _start() -> tuple[float, float, float, float]:
    table = _table_of_jieba("prob_start")
    begin, middle, end, alone = (float(table[state]) for state in _STATES)
    return begin, middle, end, alone


@cache
def _tables() -> tuple[dict[str, tuple[float, ...]], tuple[float, ...]]:
    """The logarithms of the probabilities of each character in the four states, and of the transitions between states."""
    emit, transitions = _table_of_jieba("prob_emit"), _table_of_jieba("prob_trans")
    characters: set[str] = set().union(*(emit[state] for state in _STATES))
    emissions = {
        character: tuple(emit[state].get(character, _IMPOSSIBLE) for state in _STATES)
        for character in characters
    }
    pairs = ("EB", "SB", "MM", "BM", "BE", "ME", "SS", "ES")
    return emissions, tuple(transitions[pair[0]][pair[1]] for pair in pairs)


def _table_of_jieba(name: str) -> dict[str, Any]:
    """A table of the model: a module of jieba's that holds nothing else, run without the rest of jieba."""
    spec = spec_from_file_location(name, jieba_folder() / "finalseg" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    table: dict[str, Any] = module.P
    return table
