"""Groups of faces to names: two modes that propose candidates, one curve and one rule that decide."""
