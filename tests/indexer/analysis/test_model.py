from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jieba import finalseg

from indexer.analysis.model import cut_unknown

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FD5)
RUNS = st.one_of(
    st.text(HAN, min_size=2, max_size=20),
    st.sets(HAN, min_size=1, max_size=3).flatmap(
        lambda few: st.text(st.sampled_from(sorted(few)), min_size=2, max_size=15)
    ),
)


@pytest.mark.thorough
@given(RUNS)
@settings(max_examples=2000, deadline=None)
def test_the_model_is_jiebas_to_the_last_bit(run: str) -> None:
    assert cut_unknown(run) == list(finalseg.cut(run))
