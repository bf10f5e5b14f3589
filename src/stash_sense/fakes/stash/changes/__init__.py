"""What mutations do to the library: one file for each kind of row, and the rules that they share.

sparse, dates, careers, links, stash_ids, custom_fields, pictures   how each sort of value that was given is stored
names, aliases, ancestry                                            what Stash refuses
bulk, hooks                                                         many rows at once; what plugins are told
the rest                                                            the mutations, registered by `fields.mutation`
"""
