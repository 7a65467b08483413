"""The source html: saved web pages, one article a page.

``places.py`` finds the pages in a file, a folder or an archive, ``page.py`` makes an article's fields of the text.
"""
