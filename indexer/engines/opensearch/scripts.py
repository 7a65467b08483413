"""What the cluster computes for articles: for each that a request finds its score and its heat with its age; for the best ones how
close together words stand.

Painless, OpenSearch's own language. The sources never change, only their parameters do: the cluster compiles each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from indexer.engines.documents import microseconds
from indexer.engines.opensearch.fields import PUBLISHED, places_field
from indexer.engines.opensearch.forward import hash_of, signed
from indexer.engines.ranking import COLDEST, DAY, HEAT_LEVELS, SCORE_DECIMALS
from indexer.query import Popularity, Recency

_WIDEST: Final = 1 << 30
"""The widest window: more than any field has positions."""
_NEVER: Final = 1e300
"""The half-life in days of what does not age: JSON has no infinity."""

# As ``half_life_of`` of ``engines/ranking.py``. An article's channels are read only if some have lives of their own: reading them takes
# as long as all else.
_OWN_LIFE: Final = """
double life(def doc, def params) {
  double life = params.life;
  int deepest = -1;
  for (String channel : doc['channel']) {
    def own = params.lives.get(channel);
    if (own != null) {
      int depth = own[0];
      if (depth > deepest) { deepest = depth; life = own[1]; }
      else if (depth == deepest) { life = Math.max(life, (double) own[1]); }
    }
  }
  return life;
}
"""
_ONE_LIFE: Final = """
double life(def doc, def params) { return params.life; }
"""

# As ``freshness`` of ``engines/ranking.py``.
_FRESHNESS: Final = f"""
double freshness(def doc, def params) {{
  double life = life(doc, params);
  if (life >= {_NEVER}) {{ return 1.0; }}
  double floor = params.floor;
  if (doc['{PUBLISHED}'].size() == 0) {{ return floor; }}
  double days = Math.max(0.0, (params.at - doc['{PUBLISHED}'].value) / {DAY * 1e6});
  return floor + (1.0 - floor) * Math.pow(2.0, -days / life);
}}
"""
_ROUNDED: Final = f"Math.round(%s * 1e{SCORE_DECIMALS}) / 1e{SCORE_DECIMALS}"

_FADED: Final = f"return {_ROUNDED % '_score * freshness(doc, params)'};"
_PLAIN: Final = f"return {_ROUNDED % '_score'};"

# As ``heat_level`` of ``engines/ranking.py``.
_HEAT: Final = f"""
def heat = params.heats.get(doc['id'].value);
if (heat == null) {{ return 0; }}
double faded = heat * freshness(doc, params);
return faded > 0 ? Math.max(1, Math.round({HEAT_LEVELS} * Math.log(faded)) + {COLDEST}) : 0;
"""

# As ``_nearest`` of the memory engine's rescoring, over what ``places_of`` of ``forward.py`` packed. A function may loop a million
# times: so each loop has one of its own.
_NEAR: Final = """
int number(byte[] bytes, int at) { return (bytes[at] & 255) | (bytes[at + 1] & 255) << 8; }
int find(byte[] bytes, int from, int end, List words, int[] starts) {
  int word = 0;
  int found = 0;
  int at = from;
  while (at < end && word < words.size()) {
    int hash = number(bytes, at) | number(bytes, at + 2) << 16;
    while (word < words.size() && (int) words.get(word) < hash) { word++; }
    if (word < words.size() && (int) words.get(word) == hash) { starts[word] = at + 4; found++; }
    at += 6 + 2 * number(bytes, at + 4);
  }
  return found;
}
int first(byte[] bytes, int[] starts, int[] read) {
  int best = -1;
  int lowest = Integer.MAX_VALUE;
  for (int word = 0; word < starts.length; word++) {
    int start = starts[word];
    if (start > 0 && read[word] < number(bytes, start)) {
      int place = number(bytes, start + 2 + 2 * read[word]);
      if (place < lowest) { lowest = place; best = word; }
    }
  }
  return best;
}
double together(int[] last, int from, List scores) {
  double sum = 0;
  for (int word = 0; word < last.length; word++) {
    if (last[word] >= from) { sum += (double) scores.get(word); }
  }
  return sum;
}
double nearest(def value, def params) {
  byte[] bytes = value.bytes;
  List words = params.words;
  int[] starts = new int[words.size()];
  if (find(bytes, value.offset, value.offset + value.length, words, starts) == 0) { return 0; }
  int[] read = new int[starts.length];
  int[] last = new int[starts.length];
  for (int word = 0; word < last.length; word++) { last[word] = Integer.MIN_VALUE; }
  double best = 0;
  while (true) {
    int word = first(bytes, starts, read);
    if (word < 0) { return best; }
    int place = number(bytes, starts[word] + 2 + 2 * read[word]);
    read[word]++;
    last[word] = place;
    best = Math.max(best, together(last, place - (int) params.window, params.scores));
  }
}
double best = 0;
for (def field : params.fields) { best = Math.max(best, nearest(doc[field].value, params)); }
return best;
"""


def nearness(words: Mapping[str, float], fields: Iterable[str], window: int) -> dict[str, Any]:
    """The script that finds the greatest sum of the scores of different words in one window of one of some text fields."""
    scores = sorted((signed(hash_of(word)), score) for word, score in words.items())
    params = {
        "words": [word for word, _ in scores],
        "scores": [score for _, score in scores],
        "fields": [places_field(field) for field in fields],
        "window": min(window, _WIDEST),
    }
    return {"source": _NEAR, "params": params}


def final_score(recency: Recency | None) -> dict[str, Any]:
    """The script that makes an article's score of what its query scores."""
    if recency is None:
        return {"source": _PLAIN}
    return _faded(_FADED, recency, {})


def heat_order(popularity: Popularity) -> dict[str, Any]:
    """The sort by heat, the hottest first. O(viewed articles) for the request."""
    script = _faded(_HEAT, popularity.fading, {"heats": dict(popularity.heats)})
    return {"_script": {"type": "number", "script": script, "order": "desc"}}


def _faded(source: str, recency: Recency, params: Mapping[str, Any]) -> dict[str, Any]:
    """A script that needs freshness. Of several lives of one channel the longest counts."""
    lives: dict[str, tuple[int, float]] = {}
    for path, life in recency.channels:
        _, known = lives.get(path, (0, 0.0))
        lives[path] = path.count("/"), max(known, _life(life))
    fading = {
        "at": microseconds(recency.at),
        "life": _life(recency.half_life),
        "floor": float(recency.floor),
        "lives": lives,
    }
    return {
        "source": f"{_OWN_LIFE if lives else _ONE_LIFE}{_FRESHNESS}{source}",
        "params": {**params, **fading},
    }


def _life(life: float | None) -> float:
    return _NEVER if life is None else float(life)
