"""Contract tests: what every analyzer, engine and source must do."""
