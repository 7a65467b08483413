"""Sentences that keep what they were made of.

Commands, answers and log lines are in English. A page may want the same sentence in another language: it finds the template among its
own texts, and fills in the same facts. This module knows no other language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

Fact = str | int | float | None

TEMPLATE: Final = "said"
FACTS: Final = "facts"
"""The keys of a sentence as JSON."""


class Said(str):
    """An English sentence. ``template`` is what a translation is found by, ``facts`` is what stands in it.

    A fact may be a sentence itself. One that is called ``why`` and is not, such as a message of the operating system, is in English.
    What is made of it by ``+``, ``format`` or another method is a plain text.
    """

    __slots__ = ("facts", "template")

    template: str
    facts: Mapping[str, Fact]

    def __new__(cls, template: str, /, **facts: Fact) -> Self:
        """``template`` is a literal, as ``str.format`` reads it."""
        made = super().__new__(cls, template.format_map(facts))
        made.template, made.facts = template, facts
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Sentences go between processes."""
        return _made, (self.template, self.facts)


def _made(template: str, facts: Mapping[str, Fact]) -> Said:
    return Said(template, **facts)


def told(error: BaseException) -> str:
    """The message of an error: the sentence itself if it was raised with one."""
    first = error.args[0] if len(error.args) == 1 else None
    return first if isinstance(first, Said) else str(error)


def listed(first: str, *more: str) -> str:
    """Sentences in one: semicolons stand between them."""
    for each in more:
        first = Said("{first}; {then}", first=first, then=each)
    return first


def to_json(text: str) -> Any:
    """A text as a value for JSON: a sentence as an object."""
    if not isinstance(text, Said):
        return text
    facts = {
        name: to_json(fact) if isinstance(fact, str) else fact for name, fact in text.facts.items()
    }
    return {TEMPLATE: text.template, FACTS: facts}


def from_json(value: Any) -> str:
    """The text of which :func:`to_json` made a value.

    Raises:
        KeyError, TypeError: it made none.
    """
    if isinstance(value, str):
        return value
    facts = {
        name: from_json(fact) if isinstance(fact, dict) else fact
        for name, fact in value[FACTS].items()
    }
    return Said(value[TEMPLATE], **facts)
