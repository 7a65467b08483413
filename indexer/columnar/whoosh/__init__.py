"""The columnar index behind Whoosh's interfaces: schema, codec, index, writer, searcher."""
