"""A simulator of Stash: a library in memory behind the GraphQL and media doors of the real server.

server                                     put together: `simulated_stash(...)` serves it, `SimulatedStash` is it
front, faults, doors                       what a request meets first
profiles, schema.graphql                   the versions of Stash, and what each offers
rows, state, library_file, media_folder    what it holds, and where that comes from
fields, answers                            how resolvers are registered, and all of them together
lists, finding, filters, sorts, criteria   findX: filtered, searched, sorted, a page of it
scenes, related, duplicates, settings      the other fields
changes                                    mutations
jobs, media_jobs                           the queue, scans, generations, subscriptions
media, pictures, sprites, drawing, footage what is served beside GraphQL: drawn, or from real files
"""
