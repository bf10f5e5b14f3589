"""What a Stash library holds, and what can be asked of it."""
