"""The editorial lists as data. One entry is one line of text; ``lines.py`` reads these lines, and ``entries.py`` spells them.

    synonyms   软件, 软体                  each finds the other
               番茄 => 西红柿              番茄 also finds 西红柿, but 西红柿 does not find 番茄
               -软件, 软体                 these do not find each other, whatever other lines say
    stopwords  请问                        a word that is dropped from queries
               -什么                       a packaged stopword that is kept in queries
    pins       春运 => a-1 2 2026-01-20..2026-03-01 off
                                           article a-1 comes second for the query 春运, on these days; off: not now
    hides      春运 => a-9 2026-01-20..    article a-9 is not shown for the query 春运, from that day on
               春运 => "a "" 9"            the id a " 9: an id with a blank or an arrow stands in quotes
    picks      related a-1 => a-2 1 ..2026-03-01
                                           article a-2 comes first among the related articles of a-1, until that day
               related => a-2 3            article a-2 comes third among the related articles of every page
               hot => a-2 1                article a-2 comes first among the hot articles
    bans       related a-1 => a-9          article a-9 is not listed among the related articles of a-1
               related a-1 => *            a-1 has no related articles
               related => a-9              article a-9 is not listed among the related articles of any page
               hot => a-9                  article a-9 is not listed among the hot articles
    words      晴川谷                      the segmenter takes it as one word
               晴川谷 2000                 with this frequency, as if jieba's dictionary held it
               -科技                       the segmenter must not take it as one word
    blocked    某词                        queries that contain it are neither suggested nor listed
    hot        春运 2026-01-20..           a query that is listed among the hot ones, however few people ask it
    golden     春运抢票 => a-1 a-2         the first page of the query must hold these articles before a new index goes live
    nothing    昨天的票                    there is nothing to find for the query, so editors need not look at it

Days are whole days, both included. Queries and words are compared as folded text with white space collapsed. This package
does not know where the entries are stored.
"""
