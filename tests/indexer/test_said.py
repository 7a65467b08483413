"""Sentences that keep their template and their facts."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from indexer.article import check_id
from indexer.errors import InvalidArticle
from indexer.said import Said, from_json, listed, to_json, told

INNER = Said("longer than {limit:,} characters", limit=1_000)
OUTER = Said("{field}: {why}", field="title", why=INNER)


def parts(text: str) -> object:
    """All that a sentence is made of."""
    if not isinstance(text, Said):
        return text
    facts = {
        name: parts(fact) if isinstance(fact, str) else fact for name, fact in text.facts.items()
    }
    return text.template, facts


def test_a_sentence_is_its_english_text() -> None:
    assert OUTER == "title: longer than 1,000 characters"
    assert f"{OUTER}!" == "title: longer than 1,000 characters!"
    assert json.dumps(OUTER) == '"title: longer than 1,000 characters"'


@pytest.mark.parametrize("sentence", [INNER, OUTER, listed(OUTER, "plain", INNER), Said("{{...}}")])
def test_a_sentence_passes_whole_through_json_and_between_processes(sentence: Said) -> None:
    through_json = from_json(json.loads(json.dumps(to_json(sentence))))
    for each in (through_json, pickle.loads(pickle.dumps(sentence)), copy.deepcopy(sentence)):
        assert each == sentence
        assert parts(each) == parts(sentence)


def test_a_plain_text_stays_plain() -> None:
    assert from_json(to_json("plain")) == "plain"
    assert not isinstance(from_json(to_json("plain")), Said)


def test_an_error_tells_the_sentence_that_it_was_raised_with() -> None:
    with pytest.raises(InvalidArticle) as raised:
        check_id("a ")
    assert parts(told(raised.value)) == (
        "{field}: {why}",
        {
            "field": "id",
            "why": ("{value} begins or ends with a blank", {"value": "'a '"}),
        },
    )
    assert told(ValueError("plain")) == "plain"
    assert told(OSError(28, "No space left on device")) == "[Errno 28] No space left on device"
