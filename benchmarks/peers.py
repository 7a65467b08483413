"""The engines that are measured: each builds an index of the same tokens and answers the same queries.

An asker takes a query's words, finds the ten best documents and returns the exact total. Kinds: ``or``, ``and`` (each
word in title or body, the title counting double), ``phrase`` (in the body).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

import tantivy
from whoosh import fields as wf
from whoosh import index as windex
from whoosh import query as wq
from whoosh.analysis import SpaceSeparatedTokenizer

from benchmarks.corpora import Tokens
from indexer.columnar.files.build import Document
from indexer.columnar.files.fields import Layout
from indexer.columnar.files.snapshot import open_snapshot
from indexer.columnar.files.writer import Writer, create_index
from indexer.columnar.search import plan as p
from indexer.columnar.search.executor import Executor

TOP: Final = 10
TITLE_WEIGHT: Final = 2.0
FIELDS: Final = (("title", TITLE_WEIGHT), ("body", 1.0))
Ask = Callable[[list[str]], int]


class Peer(Protocol):
    """One engine with its index in a folder."""

    name: str

    def build(self, folder: Path, documents: Iterable[Tokens]) -> None:
        """Index the documents, merged into one segment."""

    def asker(self, kind: str) -> Ask:
        """A function that answers queries of a kind."""


class Columnar:
    """The columnar index and its executor."""

    name = "columnar"
    layout = Layout(
        postings={"title": "words", "body": "words", "channel": "terms", "id": "terms"},
        columns={"day": "int64", "channel": "ordinal"},
        key="id",
    )

    @staticmethod
    def document(each: Tokens, key: str) -> Document:
        return Document(
            words={
                "title": (each.title, range(len(each.title))),
                "body": (each.body, range(len(each.body))),
            },
            terms={"channel": (each.channel,), "id": (key,)},
            columns={"day": each.day, "channel": each.channel.encode()},
        )

    def build(self, folder: Path, documents: Iterable[Tokens]) -> None:
        self.folder = folder
        create_index(folder)
        with Writer(folder, self.layout) as writer:
            for number, each in enumerate(documents):
                writer.add(self.document(each, f"{number:08}"))
            writer.commit(merge_all=True)

    @property
    def executor(self) -> Executor:
        if not hasattr(self, "_executor"):
            self._executor = Executor(open_snapshot(self.folder))
        return self._executor

    @staticmethod
    def plan(kind: str, words: list[str]) -> p.Plan:
        if kind == "phrase":
            return p.Phrase("body", tuple(word.encode() for word in words))
        clauses = tuple(p.Word(word.encode(), FIELDS) for word in words)
        return p.Union(clauses) if kind == "or" else p.Intersection(clauses)

    def asker(self, kind: str) -> Ask:
        search = self.executor.search
        return lambda words: search(self.plan(kind, words), limit=TOP).total


class Tantivy:
    """Tantivy through its Python binding: one segment, whitespace tokenizer, positions, exact counts."""

    name = "tantivy"

    def build(self, folder: Path, documents: Iterable[Tokens]) -> None:
        folder.mkdir()
        schema = tantivy.SchemaBuilder()
        for field in ("title", "body"):
            schema.add_text_field(field, tokenizer_name="whitespace", index_option="position")
        schema.add_integer_field("day", indexed=True, fast=True)
        schema.add_text_field("channel", tokenizer_name="raw", index_option="basic")
        self.index = tantivy.Index(schema.build(), path=str(folder))
        writer = self.index.writer(heap_size=1_500_000_000, num_threads=1)
        for each in documents:
            writer.add_document(
                tantivy.Document(
                    title=" ".join(each.title),
                    body=" ".join(each.body),
                    day=each.day,
                    channel=each.channel,
                )
            )
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()

    def asker(self, kind: str) -> Ask:
        searcher: Any = self.index.searcher()
        schema = self.index.schema
        query, occur = tantivy.Query, tantivy.Occur

        def ask(words: list[str]) -> int:
            if kind == "phrase":
                if len(words) == 1:
                    wanted = query.term_query(schema, "body", words[0], "freq")
                else:
                    wanted = query.phrase_query(schema, "body", list(words))
                return int(searcher.search(wanted, TOP, count=True).count)
            groups: list[list[Any]] = [
                [
                    query.boost_query(
                        query.term_query(schema, "title", word, "freq"), TITLE_WEIGHT
                    ),
                    query.term_query(schema, "body", word, "freq"),
                ]
                for word in words
            ]
            if kind == "or":
                clauses = [(occur.Should, term) for group in groups for term in group]
            else:
                clauses = [
                    (occur.Must, query.boolean_query([(occur.Should, term) for term in group]))
                    for group in groups
                ]
            return int(searcher.search(query.boolean_query(clauses), TOP, count=True).count)

        return ask


class StockWhoosh:
    """Whoosh 2.7.4 unchanged: its own codec, writer and searcher."""

    name = "whoosh"

    def build(self, folder: Path, documents: Iterable[Tokens]) -> None:
        folder.mkdir()
        text = wf.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=True)
        self.index = windex.create_in(str(folder), wf.Schema(title=text, body=text))
        writer = self.index.writer(limitmb=512)
        for each in documents:
            writer.add_document(title=" ".join(each.title), body=" ".join(each.body))
        writer.commit(optimize=True)

    def asker(self, kind: str) -> Ask:
        searcher = self.index.searcher()

        def ask(words: list[str]) -> int:
            if kind == "phrase":
                wanted: Any = wq.Phrase("body", list(words))
            else:
                groups = [
                    wq.Or([wq.Term("title", word, boost=TITLE_WEIGHT), wq.Term("body", word)])
                    for word in words
                ]
                wanted = wq.Or(groups) if kind == "or" else wq.And(groups)
            return len(searcher.search(wanted, limit=TOP))

        return ask


class Fts5:
    """SQLite's full-text index, with words separated by white space. It needs two statements: the best ten, and the total."""

    name = "fts5"

    def build(self, folder: Path, documents: Iterable[Tokens]) -> None:
        folder.mkdir()
        self.database = sqlite3.connect(folder / "fts.sqlite3")
        self.database.execute(
            "CREATE VIRTUAL TABLE a USING fts5(title, body, content='', tokenize=\"unicode61 separators ''\")"
        )
        self.database.executemany(
            "INSERT INTO a (title, body) VALUES (?, ?)",
            ((" ".join(each.title), " ".join(each.body)) for each in documents),
        )
        self.database.execute("INSERT INTO a (a) VALUES ('optimize')")
        self.database.commit()

    def asker(self, kind: str) -> Ask:
        joiner = {"or": " OR ", "and": " AND ", "phrase": " + "}[kind]
        best = (
            f"SELECT rowid FROM a WHERE a MATCH ? ORDER BY bm25(a, {TITLE_WEIGHT}, 1.0) LIMIT {TOP}"
        )
        count = "SELECT count(*) FROM a WHERE a MATCH ?"

        def ask(words: list[str]) -> int:
            quoted = ('"' + word.replace('"', '""') + '"' for word in words)
            match = ("body : " if kind == "phrase" else "") + joiner.join(quoted)
            with suppress(sqlite3.OperationalError):
                self.database.execute(best, (match,)).fetchall()
                return int(self.database.execute(count, (match,)).fetchone()[0])
            return -1

        return ask
