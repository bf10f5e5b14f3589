"""A community database of the stash-box kind, on the loopback: real GraphQL over a state that tests can change.

schema.graphql  names and types of what is answered
profiles        the same as other versions and compatible servers have it
state           performers, scenes, studios, tags and edits, and what happens to them
listing         filters, sorts and pages, as the real server's
resolvers       fields -> values
faults          answers as a server in trouble gives them
server          all of it on a port
"""
