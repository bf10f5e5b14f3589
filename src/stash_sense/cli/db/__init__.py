"""`stash-sense db`: the performers database on the command line."""
