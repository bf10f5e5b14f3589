"""What a community database of the stash-box kind gives, and what can be asked of it."""
