"""GraphQL over HTTP and WebSocket as the servers of this field answer it (gqlgen): a schema, resolvers, doors.

engine    a document and its variables -> status and body
http      requests -> engine -> responses, with the content types and refusals of gqlgen
socket    subscriptions over both WebSocket protocols
serving   an application on a free port of the loopback, on a thread of its own
"""
