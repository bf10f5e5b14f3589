"""The connection to the user's Stash: whether it can be used, what is new in it, where its files are for us."""
