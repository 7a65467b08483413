"""Related articles on small judged sets, measured by hand."""

from __future__ import annotations

import json
import sys
from math import log2
from pathlib import Path
from statistics import fmean

import pytest
from click.testing import CliRunner

from indexer.errors import InvalidJudgedSet, PackageMissing
from search_service.cli.main import cli
from search_service.evaluation import related
from search_service.evaluation.judged import read_judged
from search_service.evaluation.related import RelatedMeasures, evaluate_related
from tests.search_service.evaluation.judged_sets import write_judged
from tests.search_service.indexes import SHANGHAI
from tests.typed_queries import analyzer

TEA = "云溪的茶农在古塔下办茶会，制陶匠人带来茶具，客人品尝新茶。"
CORPUS = [
    {"id": "tea", "title": "云溪茶会", "text": TEA},
    {"id": "again", "title": "云溪茶会开席", "text": f"{TEA}雨停了。"},
    {"id": "potter", "title": "制陶匠人", "text": "制陶匠人谈到云溪的茶会，说茶具配嫩叶。"},
    {"id": "leaves", "title": "采摘", "text": "春分过后，满山都是采摘嫩叶的人。"},
    {"id": "boat", "title": "渔船", "text": "渔船在清晨回到港口，渔民卸下鲜鱼。"},
    {"id": "fish", "title": "鲜鱼上岸", "text": "港口的渔民把鲜鱼卖给客人。"},
    {"id": "lantern", "title": "灯会", "text": "满城灯火，客人看到深夜。"},
]
QUERIES = [{"id": "q1", "text": "茶会"}, {"id": "q2", "text": "渔船"}, {"id": "q3", "text": "灯"}]
QRELS = (
    "q1\ttea\t2\nq1\tagain\t1\nq1\tpotter\t1\nq1\tleaves\t1\nq1\tlantern\t0\nq1\tlost\t1\n"
    "q2\tboat\t1\nq2\tfish\t1\nq3\tlantern\t1\n"
)
SECOND, THIRD = 1 / log2(3), 1 / log2(4)
"""What a related article gains in second and third place. In first place it gains 1."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_judged(tmp_path / "village", CORPUS, QUERIES, QRELS)


def measured(folder: Path) -> list[RelatedMeasures]:
    return evaluate_related(read_judged(folder), analyzer=analyzer(), timezone=SHANGHAI)


def test_articles_that_answer_one_question_are_related(folder: Path) -> None:
    ours, plain, *_ = measured(folder)
    assert (ours.ranking, ours.copies) == ("related articles", True)
    assert (plain.ranking, plain.copies) == ("whole article", True)
    tea = {"tea": 2 / 3, "again": 2 / 3, "potter": 2 / 3}  # the key terms do not find leaves
    assert ours.recalls == pytest.approx({"boat": 1.0, "fish": 1.0, "leaves": 0.0, **tea})
    assert ours.ndcgs["boat"] == 1.0
    assert ours.ndcgs["tea"] == pytest.approx((1 + SECOND) / (1 + SECOND + THIRD))
    # The word 嫩叶 is all that potter and leaves share.
    assert plain.recalls["leaves"] == pytest.approx(1 / 3)
    assert plain.ndcgs["leaves"] == pytest.approx(1 / (1 + SECOND + THIRD))
    assert plain.recalls["potter"] == 1.0


def test_peers_are_measured_beside_them(folder: Path) -> None:
    found = evaluate_related(
        read_judged(folder),
        analyzer=analyzer(),
        timezone=SHANGHAI,
        peers={"peer": lambda seed: ["fish"] if seed == "boat" else []},
    )
    for copies in (True, False):
        (peer,) = [each for each in found if (each.ranking, each.copies) == ("peer", copies)]
        assert peer.ndcgs["boat"] == 1.0
        assert sum(peer.ndcgs.values()) == 1.0


def test_without_near_copies_the_copies_of_a_text_are_one_article(folder: Path) -> None:
    *_, ours, plain = measured(folder)
    assert (ours.copies, plain.copies) == (False, False)
    tea = {"tea": 1 / 2, "again": 1 / 2, "potter": 1 / 2}
    assert ours.recalls == pytest.approx({"boat": 1.0, "fish": 1.0, "leaves": 0.0, **tea})
    # One of two: potter, which moves up to first place after the copy of tea.
    assert ours.ndcgs["tea"] == pytest.approx(1 / (1 + SECOND))
    # Only one of the two copies is listed. They are one article beside leaves.
    assert ours.ndcgs["potter"] == pytest.approx(1 / (1 + SECOND))
    assert plain.recalls["potter"] == plain.ndcgs["potter"] == 1.0


def test_six_articles_are_listed_also_when_copies_are_left_out(tmp_path: Path) -> None:
    endings = ["东门有雨", "西桥修好", "南坡种树", "北站通车", "河边放灯", "山上看雪", "城里唱戏"]
    corpus = [
        {"id": f"tea {place}", "title": "", "text": f"云溪茶会{ending}"}
        for place, ending in enumerate(endings)
    ]
    corpus += [{"id": "tea copy", "title": "", "text": "云溪茶会东门有雨。"}]
    corpus += [{"id": f"rain {day}", "title": "", "text": f"雨下了{day}天。"} for day in range(9)]
    qrels = "".join(f"q1\t{each['id']}\t1\n" for each in corpus if each["id"].startswith("tea"))
    ours, _, fresh, _ = measured(write_judged(tmp_path / "teas", corpus, QUERIES, qrels))
    assert ours.recalls["tea 0"] == pytest.approx(6 / 7)
    assert ours.ndcgs["tea 0"] == 1.0
    assert fresh.recalls["tea 0"] == fresh.ndcgs["tea 0"] == 1.0


@pytest.mark.parametrize(("shared", "copies"), [(8, False), (9, True)])
def test_texts_that_share_more_than_half_of_their_runs_are_copies(
    tmp_path: Path, shared: int, copies: bool
) -> None:
    text = "云溪茶会古塔新茶渔船鲜鱼"  # 12 characters are 8 runs of 5
    longer = f"{text[:shared]} 灯火看到深夜雨停了才回家"
    corpus = [
        {"id": "a", "title": text[:4], "text": text[4:]},
        {"id": "b", "title": "", "text": longer},
    ]
    folder = write_judged(tmp_path / "texts", corpus, QUERIES, "q1\ta\t1\nq1\tb\t1\n")
    if copies:
        with pytest.raises(InvalidJudgedSet, match="all related articles are near-copies"):
            measured(folder)
    else:
        assert [each.recalls.keys() for each in measured(folder)] == [{"a", "b"}] * 4


def test_as_many_seeds_as_allowed_are_drawn_always_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = measured(folder)[0].recalls
    monkeypatch.setattr(related, "_MOST_SEEDS", 3)
    drawn = measured(folder)
    assert drawn == measured(folder)
    assert len(drawn[0].recalls) == 3
    assert drawn[0].recalls.items() <= everything.items()


def test_a_set_without_two_articles_for_one_question_is_refused(tmp_path: Path) -> None:
    folder = write_judged(tmp_path / "alone", CORPUS, QUERIES, "q1\ttea\t1\nq2\tboat\t1\n")
    with pytest.raises(InvalidJudgedSet, match="alone: no two articles are relevant"):
        measured(folder)


def test_the_command_shows_the_means_and_writes_every_seed(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "related.json"
    result = CliRunner().invoke(
        cli, ["evaluate-related", str(folder), "--json", str(file)], env={"COLUMNS": "120"}
    )
    assert result.exit_code == 0
    rows = [line.strip("│ ").split("│") for line in result.output.splitlines() if "│" in line]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert [row[:4] for row in cells] == [
        ["related articles", "in", "6", "0.667"],
        ["whole article", "in", "6", "0.778"],
        ["difference", "in", "6", "-0.111"],
        ["related articles", "out", "6", "0.583"],
        ["whole article", "out", "6", "0.750"],
        ["difference", "out", "6", "-0.167"],
    ]
    told = json.loads(file.read_bytes())
    assert told["name"] == "village"
    found = measured(folder)
    for row, each in zip(told["measures"], found, strict=True):
        assert (row["ranking"], row["copies"]) == (each.ranking, each.copies)
        assert row["recall_6"] == fmean(each.recalls.values())
        assert row["ndcg_6_interval"][0] <= row["ndcg_6"] <= row["ndcg_6_interval"][1]
        assert {seed: values["ndcg"] for seed, values in row["seeds"].items()} == each.ndcgs


def test_without_its_package_the_command_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)  # as where it is not installed
    result = CliRunner().invoke(cli, ["evaluate-related", str(folder)])
    assert isinstance(result.exception, PackageMissing)
