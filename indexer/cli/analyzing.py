"""The analyzer that the commands of ``python -m indexer`` use: with the editors' words of the store."""

from __future__ import annotations

from indexer.analysis.analyzers import Analyzer, make_analyzer
from indexer.settings import IndexSettings
from indexer.store.database import read_words


def current_analyzer(settings: IndexSettings) -> Analyzer:
    """An analyzer with the words that the editors' list holds now. Reads the store.

    Raises:
        StoreError: the store cannot be read.
        InvalidEntry: a newer release has written a word that this one cannot read.
    """
    return make_analyzer(words=read_words(settings.store_url))
