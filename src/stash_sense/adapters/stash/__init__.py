"""The user's Stash: the client that reads and writes its library."""
