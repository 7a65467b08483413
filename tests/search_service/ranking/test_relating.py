"""The setting that weighs related articles."""

from __future__ import annotations

import pytest

from search_service.ranking.relating import Relating, relating
from search_service.ranking.weights import SAME_CHANNEL, TAG_COUNTS, TITLE_COUNTS


def test_what_is_not_named_has_its_default() -> None:
    plain = Relating(
        title=TITLE_COUNTS, tags=TAG_COUNTS, channel=SAME_CHANNEL, shared_tags=1, dated="now"
    )
    assert relating("default") == relating("title=4") == Relating() == plain
    assert relating(" tags = 2.5,dated=article , shared_tags=3,channel=1") == Relating(
        tags=2.5, dated="article", shared_tags=3, channel=1
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a name and its value"),
        ("title", "a name and its value"),
        ("title=2, title=3", "each name once"),
        ("body=2", "must be one of title, tags, channel, shared_tags, dated"),
        ("title=0.5", "title=0.5 must be a number from 1 to 100"),
        ("channel=nan", "channel=nan must be a number"),
        ("channel=many", "channel=many must be a number"),
        ("tags=101", "from 1 to 100"),
        ("shared_tags=4", "shared_tags=4 must be one of 1, 2, 3"),
        ("dated=then", "dated=then must be one of now, article"),
    ],
)
def test_a_wrong_setting_says_what_would_be_right(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        relating(text)
