"""Errors about searching the vectors of a performers database."""

from stash_sense.errors.base import StashSenseError


class SearchError(StashSenseError):
    """The performers database cannot be searched."""

    code = "search_error"


class SearchMatrixUnfit(SearchError):
    """{path} does not fit the vectors it should be made of ({reason}); delete it, and it is made anew."""

    code = "search_matrix_unfit"


class VectorsNotNumbers(SearchError):
    """The vectors of the performers database cannot be searched, because some of them are not numbers; install it
    again.
    """

    code = "vectors_not_numbers"
