"""A simulator of Stash: a library in memory behind the GraphQL and media doors of the real server."""
