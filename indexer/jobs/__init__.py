"""Jobs: what each kind does, the one process that runs them, and the hook that hears of trouble."""
