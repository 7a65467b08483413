"""The desk: what editors and admins do in the browser. ``search_service/web/desk/`` shows it."""
