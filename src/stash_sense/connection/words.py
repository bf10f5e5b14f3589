"""What is wrong and what to do about it, the same wherever it is said: commands, routes, logs."""

from dataclasses import dataclass

from stash_sense.errors import StashSenseError


@dataclass(frozen=True, slots=True)
class Words:
    """What an error says.

    Attributes:
        sentence: all of it.
        reason: what is wrong, without a full stop.
        remedy: what to do about it, without a full stop; empty where nothing helps.
    """

    sentence: str
    reason: str
    remedy: str


def words_of(error: StashSenseError) -> Words:
    """Take an error's sentence apart: what is wrong; what to do."""
    sentence = str(error)
    told = " ".join((type(error).__doc__ or "").split())
    reason, mark, remedy = sentence.removesuffix(".").rpartition("; ")
    if "; " not in told or not mark:  # or the semicolon is one of the server's words
        return Words(sentence, sentence.removesuffix("."), "")
    return Words(sentence, reason, remedy)
