"""What is recommended to the user, what became of it, and the journal of what was written to Stash for it."""
