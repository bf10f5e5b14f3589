"""Finding the nearest faces and people of a database of any size."""
