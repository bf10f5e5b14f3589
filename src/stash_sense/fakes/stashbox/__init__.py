"""A community database of the stash-box kind, on the loopback: real GraphQL over a state that tests can change.

schema.graphql  names and types of what is answered
profiles        the same as other versions and compatible servers have it
state           performers, scenes, studios, tags and edits, and what happens to them
asking          who asks, and where
queries         what can be asked for
listing         filters, sorts and pages, as the real server's
fingerprints    scenes by fingerprints
fields          fields that are not simply read from a row
pictures        pictures that nobody has
faults          answers as a server in trouble gives them
clock           time that passes without waiting
server          all of it on a port
"""
