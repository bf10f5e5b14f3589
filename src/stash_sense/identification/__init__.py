"""The use case: from the user's files and gallery to who is in them, with evidence."""
