"""Missing words: the words of a query that no article holds. They tell a reader why little or nothing was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from indexer.analysis.analyzers import Analyzer
from indexer.analysis.characters import fold
from indexer.engines.base import Reader
from indexer.query import TEXT_FIELDS, Adjacent, Or, Query, SearchRequest
from indexer.query import Literal as LiteralQuery
from search_service.answering.rungs import Rung
from search_service.understanding.borders import has_borders
from search_service.understanding.tree import Node, Phrase, Words, wanted


def missing(
    tree: Node | None, rung: Rung, reader: Reader, analyzer: Analyzer, request: SearchRequest
) -> tuple[str, ...]:
    """The loose words, joined stretches and quotes of a tree that no article of ``request``'s filter holds, as typed.

    On the rung "unquoted" quotes count as words. A word that only articles outside the filter hold is not told. Costs a
    look-up for each word in each field, and a count for each word without articles, each joined stretch and each quote.
    """

    def is_held(query: Query) -> bool:
        return reader.count(replace(request, query=query)) > 0

    def expect(queries: Sequence[Query]) -> None:
        if len(queries) > 1:
            reader.expect([replace(request, query=query) for query in queries])

    found: dict[str, None] = {}
    for leaf in wanted(tree):
        if isinstance(leaf, Phrase) and rung != "unquoted":
            if not is_held(LiteralQuery(leaf.text)):
                found[leaf.text] = None
        elif isinstance(leaf, Words | Phrase):
            found.update(dict.fromkeys(_missing_words(leaf, reader, analyzer, is_held, expect)))
    return tuple(found)


def _missing_words(
    leaf: Words | Phrase,
    reader: Reader,
    analyzer: Analyzer,
    is_held: Callable[[Query], bool],
    expect: Callable[[Sequence[Query]], None],
) -> Iterator[str]:
    apart: set[str] = set()
    if isinstance(leaf, Words):
        for stretch in leaf.joined:
            parts = leaf.words_of[stretch]
            found: list[Query] = [Adjacent(parts)]
            if not has_borders(fold(stretch)):
                found.append(LiteralQuery(stretch))
            if not is_held(Or(tuple(found))):
                yield stretch
                apart.update(parts)
    tokens = [token for token in analyzer.query(leaf.text) if token.text not in apart]
    texts = [token.text for token in tokens]
    counts = zip(*(reader.document_frequencies(field, texts) for field in TEXT_FIELDS), strict=True)
    unused = [
        leaf.text[token.start : token.end]
        for token, used in zip(tokens, counts, strict=True)
        if not any(used)
    ]
    expect([LiteralQuery(typed) for typed in unused])
    yield from (typed for typed in unused if not is_held(LiteralQuery(typed)))
