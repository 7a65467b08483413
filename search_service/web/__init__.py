"""HTTP: the JSON API, the reader's pages, and the server. Only this package uses Flask."""
