"""What every engine promises: a test for each promise of ``indexer/engines/base.py``.

To test an engine, write a module of six lines::

    from tests.contracts.engine import EngineContract


    class TestMyEngine(EngineContract):
        name = "mine"
"""

from __future__ import annotations

from tests.contracts.engine_base import SHANGHAI
from tests.contracts.engine_collapse import CollapsePromises
from tests.contracts.engine_commits import CommitPromises
from tests.contracts.engine_completions import CompletionPromises
from tests.contracts.engine_copying import CopyPromises
from tests.contracts.engine_damage import DamagePromises
from tests.contracts.engine_explaining import ExplainPromises
from tests.contracts.engine_facets import FacetPromises
from tests.contracts.engine_popularity import PopularityPromises
from tests.contracts.engine_queries import QueryPromises
from tests.contracts.engine_ranking import RankingPromises
from tests.contracts.engine_recency import RecencyPromises
from tests.contracts.engine_rescoring import RescorePromises
from tests.typed_queries import analyzer

__all__ = ["SHANGHAI", "EngineContract", "analyzer"]


class EngineContract(
    CommitPromises,
    CopyPromises,
    CompletionPromises,
    QueryPromises,
    RankingPromises,
    CollapsePromises,
    RecencyPromises,
    RescorePromises,
    PopularityPromises,
    ExplainPromises,
    FacetPromises,
    DamagePromises,
):
    """Inherit from it, and set ``name``."""
