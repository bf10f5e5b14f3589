"""Community databases of the stash-box kind, asked over GraphQL.

limiter     when a question may be sent
failures    what a server that does not answer as wished means
connection  questions to one endpoint: limited, tried again, reduced to the fields that it has
documents   the documents, and many questions in one
mapping     answers -> stashbox.entities
client      implements stashbox.ports.StashBox
boxes       one client for each endpoint that is set up
"""
