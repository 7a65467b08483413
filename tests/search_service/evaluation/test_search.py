"""Evaluation: a small judged set measured by hand, its files' faults, and the command."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from indexer.errors import InvalidJudgedSet, PackageMissing
from search_service.cli.main import cli
from search_service.evaluation.judged import read_judged
from search_service.evaluation.measures import interval
from search_service.evaluation.search import evaluate, from_json, to_json
from search_service.ranking.aging import Aging
from tests.search_service.evaluation.judged_sets import write_corpus, write_judged
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer

CORPUS = [
    {"id": "tea", "title": "茶会", "text": "村里的茶会开了三天。"},
    {"id": "boat", "title": "", "text": "渔船在清晨回到了港口。"},
    {"id": "fair", "title": "庙会", "text": "庙会上也有人卖茶。"},
]
QUERIES = [
    {"id": "q1", "text": "茶会"},
    {"id": "q2", "text": "渔船"},
    {"id": "q3", "text": "潜水艇"},
    {"id": "unjudged", "text": "港口"},
]
QRELS = "q1\ttea\t2\nq1\tboat\t0\nq2\tfair\t1\nq3\tboat\t1\nunjudged\tboat\t0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_judged(tmp_path / "village", CORPUS, QUERIES, QRELS)


def test_measures_are_means_over_the_questions_that_have_an_answer(folder: Path) -> None:
    found = evaluate(read_judged(folder), analyzer=analyzer(), timezone=SHANGHAI)
    assert set(found.answers) == {"q1", "q2", "q3"}
    assert [found.answers[query].ndcg for query in ("q1", "q2", "q3")] == [1.0, 0.0, 0.0]
    assert found.ndcg_10 == found.mrr_10 == found.recall_100 == pytest.approx(1 / 3)
    assert found.zero_hits == pytest.approx(1 / 3)
    assert found.answers["q3"].total == 0
    assert found.name == "village"


def write(folder: Path, corpus: list[dict[str, Any]], qrels: str) -> None:
    """Give a judged set another corpus and other grades."""
    write_corpus(folder, corpus)
    (folder / "qrels.tsv").write_text(f"header\n{qrels}", encoding="utf-8")


def test_a_set_with_dates_is_asked_just_after_its_newest_article(folder: Path) -> None:
    told_twice = {
        "title": "茶会",
        "text": "村里的茶会，人人都去茶会。",
        "published_at": "2071-05-01",
    }
    newest = {"title": "茶会", "text": "村里的茶会。", "published_at": "2079-05-01T09:30:00+08:00"}
    write(folder, [told_twice | {"id": "old"}, newest | {"id": "new"}], "q1\tnew\t1\n")
    judged = read_judged(folder)
    aged = evaluate(judged, analyzer=analyzer(), timezone=SHANGHAI)
    assert aged.answers["q1"].total == 2
    assert aged.mrr_10 == 1.0
    ageless = evaluate(judged, analyzer=analyzer(), timezone=SHANGHAI, aging=Aging(None))
    assert ageless.mrr_10 == 0.5


def test_a_duplicate_group_is_one_document_with_its_best_grade(folder: Path) -> None:
    reprint = {"title": "茶会", "text": "村里的茶会。", "duplicate_group": 4}
    other = {"id": "other", "title": "庙会", "text": "庙会在茶会之后，村里人都知道。"}
    corpus = [reprint | {"id": each} for each in ("first", "second", "third")]
    write(folder, [*corpus, other], "q1\tfirst\t0\nq1\tsecond\t2\nq1\tthird\t1\nq1\tother\t1\n")
    found = evaluate(read_judged(folder), analyzer=analyzer(), timezone=SHANGHAI)
    assert found.answers["q1"].total == 4
    assert found.ndcg_10 == found.recall_100 == 1.0


def test_it_is_counted_which_rungs_answered(folder: Path) -> None:
    found = evaluate(read_judged(folder), analyzer=analyzer(), timezone=SHANGHAI)
    several = {
        f"q{number}": replace(found.answers["q1"], rung=rung)
        for number, rung in enumerate(("any", "words", "any"))
    }
    assert replace(found, answers=several).rungs == {"any": 2, "words": 1}


def test_the_interval_of_a_mean_is_that_of_its_resamples() -> None:
    low, high = interval([0.0, 1.0] * 50)
    # The mean of 100 such values has the standard deviation 0.05, and 95 % lie within 1.96 of these.
    assert (low, high) == pytest.approx((0.402, 0.598), abs=0.02)
    assert interval([0.25] * 9) == (0.25, 0.25)
    assert interval([0.0, 1.0] * 50) == (low, high)


def test_gains_are_paired_by_question(folder: Path) -> None:
    now = evaluate(read_judged(folder), analyzer=analyzer(), timezone=SHANGHAI)
    was = replace(now.answers["q1"], ndcg=0.25)
    before = replace(now, answers={"q1": was, "q2": now.answers["q2"], "left out": was})
    assert now.gains_over(before) == [0.75, 0.0]


def test_an_evaluation_is_read_as_it_was_written(folder: Path, tmp_path: Path) -> None:
    found = evaluate(read_judged(folder), analyzer=analyzer(), timezone=SHANGHAI)
    file = tmp_path / "before.json"
    file.write_bytes(to_json([found]))
    assert from_json(file) == {"village": found}
    (told,) = json.loads(file.read_bytes())
    assert told["rungs"] == found.rungs
    assert told["ndcg_10_interval"] == list(found.ndcg_10_interval)


def test_an_evaluation_without_rungs_and_intervals_is_read_too(
    folder: Path, tmp_path: Path
) -> None:
    found = evaluate(read_judged(folder), analyzer=analyzer(), timezone=SHANGHAI)
    (told,) = json.loads(to_json([found]))
    del told["rungs"], told["ndcg_10_interval"]
    file = tmp_path / "before.json"
    file.write_text(json.dumps([told]), encoding="utf-8")
    assert from_json(file) == {"village": found}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "queries.jsonl",
            '{"id": "q1"}\n',
            "queries.jsonl, line 1: a query needs an id and a text",
        ),
        ("queries.jsonl", "tea\n", "queries.jsonl, line 1: is not JSON"),
        ("queries.jsonl", "[]\n", "queries.jsonl, line 1: is not a JSON object"),
        ("corpus.jsonl", '{"id": "a\\tb", "title": "", "text": "x"}\n', "corpus.jsonl, line 1: id"),
        ("corpus.jsonl", '{"id": "a"}\n', "corpus.jsonl, line 1: lacks 'title'"),
        (
            "corpus.jsonl",
            '{"id": "a", "title": "", "text": "x", "published_at": "soon"}\n',
            "corpus.jsonl, line 1: published_at",
        ),
        (
            "corpus.jsonl",
            '{"id": "a", "title": "", "text": "x", "duplicate_group": "b"}\n',
            "corpus.jsonl, line 1: duplicate_group must be a whole number",
        ),
        ("qrels.tsv", "header\nq1\ttea\n", "qrels.tsv, line 2: needs a query, a document"),
        ("qrels.tsv", "header\nq1\ttea\t0\n", "no query has a relevant document"),
    ],
)
def test_a_fault_of_a_judged_set_is_named(folder: Path, name: str, text: str, why: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(InvalidJudgedSet) as raised:
        read_judged(folder)
    assert why in str(raised.value)


@pytest.mark.parametrize("name", ["corpus.jsonl.gz", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InvalidJudgedSet, match=f"{name.removesuffix('.gz')}: is missing"):
        read_judged(folder)


def test_the_command_shows_the_measures_and_what_moved(folder: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    first = CliRunner().invoke(cli, ["evaluate", "--judged", str(folder), "--json", str(before)])
    assert first.exit_code == 0
    assert "0.333" in first.output
    known = json.loads(before.read_bytes())
    known[0]["answers"]["q1"]["ndcg"] = 0.25
    before.write_text(json.dumps(known), encoding="utf-8")
    again = CliRunner().invoke(cli, ["evaluate", "--judged", str(folder), "--against", str(before)])
    assert "village, before" in again.output
    assert "+0.250" in again.output  # one of three questions gained 0.75
    assert "0.000 to +0.750" in again.output  # a resample holds it up to three times
    assert "words" in again.output
    assert "茶会" in again.output
    assert "0.250" in again.output
    assert "渔船" not in again.output


def test_a_file_that_holds_no_evaluation_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"name": 1}', encoding="utf-8")
    result = CliRunner().invoke(cli, ["evaluate", "--judged", str(folder), "--against", str(other)])
    assert isinstance(result.exception, InvalidJudgedSet)
    assert "evaluate --json FILE" in str(result.exception)


def test_without_its_package_the_command_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)  # as where it is not installed
    result = CliRunner().invoke(cli, ["evaluate", "--judged", str(folder)])
    assert isinstance(result.exception, PackageMissing)
    assert str(result.exception).endswith("run 'pip install -r requirements-evaluate.txt'")
