"""Migrations of the query log's database, oldest first."""
