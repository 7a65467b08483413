"""The editorial lists as data. One entry is one line of text; this module reads and writes these lines.

    synonyms   软件, 软体                  each finds the other
               番茄 => 西红柿              番茄 also finds 西红柿, but 西红柿 does not find 番茄
               -软件, 软体                 these do not find each other, whatever other lines say
    stopwords  请问                        a word that is dropped from queries
               -什么                       a packaged stopword that is kept in queries
    pins       春运 => a-1 2 2026-01-20..2026-03-01 off
                                           article a-1 comes second for the query 春运, on these days; off: not now
    hides      春运 => a-9 2026-01-20..    article a-9 is not shown for the query 春运, from that day on
               春运 => "a "" 9"            the id a " 9: an id with a blank or an arrow stands in quotes
    blocked    某词                        queries that contain it are neither suggested nor listed
    hot        春运 2026-01-20..           a query that is listed among the hot ones, however few people ask it

Days are whole days, both included. Queries and words are compared as folded text with white space collapsed. This module
does not know where the entries are stored.
"""
