"""The source html: saved web pages, one article a page.

``places.py`` finds the pages in a file, a folder or an archive, ``decoding.py`` makes text of their bytes, ``page.py`` makes an
article's fields of the text.
"""
