"""Who is known: galleries of people with reference vectors, and the search through them."""
