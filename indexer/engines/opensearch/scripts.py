"""What the cluster computes for each article that a request finds: its score with its age, and its heat with its age.

Painless, OpenSearch's own language. The sources never change, only their parameters do: the cluster compiles each once.
"""

from __future__ import annotations

from typing import Any, Final

from indexer.engines.documents import microseconds
from indexer.engines.opensearch.fields import PUBLISHED
from indexer.engines.ranking import COLDEST, DAY, HEAT_LEVELS, SCORE_DECIMALS
from indexer.query import Popularity, Recency

_NEVER: Final = 1e300
"""The half-life in days of what does not age: JSON has no infinity."""

# As ``half_life_of`` and ``freshness`` of ``engines/ranking.py``.
_FRESHNESS: Final = f"""
double freshness(def doc, def params) {{
  double life = params.life;
  int deepest = -1;
  for (String channel : doc['channel']) {{
    def own = params.lives.get(channel);
    if (own != null) {{
      int depth = own[0];
      if (depth > deepest) {{ deepest = depth; life = own[1]; }}
      else if (depth == deepest) {{ life = Math.max(life, (double) own[1]); }}
    }}
  }}
  if (life >= {_NEVER}) {{ return 1.0; }}
  double floor = params.floor;
  if (doc['{PUBLISHED}'].size() == 0) {{ return floor; }}
  double days = Math.max(0.0, (params.at - doc['{PUBLISHED}'].value) / {DAY * 1e6});
  return floor + (1.0 - floor) * Math.pow(2.0, -days / life);
}}
"""
_ROUNDED: Final = f"Math.round(%s * 1e{SCORE_DECIMALS}) / 1e{SCORE_DECIMALS}"

_FADED: Final = f"{_FRESHNESS} return {_ROUNDED % '_score * freshness(doc, params)'};"
_PLAIN: Final = f"return {_ROUNDED % '_score'};"

# As ``heat_level`` of ``engines/ranking.py``.
_HEAT: Final = f"""
{_FRESHNESS}
def heat = params.heats.get(doc['id'].value);
if (heat == null) {{ return 0; }}
double faded = heat * freshness(doc, params);
return faded > 0 ? Math.max(1, Math.round({HEAT_LEVELS} * Math.log(faded)) + {COLDEST}) : 0;
"""


def final_score(recency: Recency | None) -> dict[str, Any]:
    """The script that makes an article's score of what its query scores."""
    if recency is None:
        return {"source": _PLAIN}
    return {"source": _FADED, "params": _fading(recency)}


def heat_order(popularity: Popularity) -> dict[str, Any]:
    """The sort by heat, the hottest first. O(viewed articles) for the request."""
    params = {"heats": dict(popularity.heats), **_fading(popularity.fading)}
    script = {"source": _HEAT, "params": params}
    return {"_script": {"type": "number", "script": script, "order": "desc"}}


def _fading(recency: Recency) -> dict[str, Any]:
    """The parameters of freshness: of several lives of one channel the longest counts."""
    lives: dict[str, tuple[int, float]] = {}
    for path, life in recency.channels:
        _, known = lives.get(path, (0, 0.0))
        lives[path] = path.count("/"), max(known, _life(life))
    return {
        "at": microseconds(recency.at),
        "life": _life(recency.half_life),
        "floor": float(recency.floor),
        "lives": lives,
    }


def _life(life: float | None) -> float:
    return _NEVER if life is None else float(life)
