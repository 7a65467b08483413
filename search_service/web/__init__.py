"""HTTP: the JSON API, the reader's pages, and the server. Flask lives here and nowhere else."""
