"""Where a video or picture is on a server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from stash_sense.kernel.addresses import shown


@dataclass(frozen=True, slots=True)
class Address:
    """An address on the web; as text it is what may be shown, without name, password and question.

    Attributes:
        url: of http or https.
        headers: sent with every request to the url's own server and to no other, as the key of a Stash; secret.
        named: address of the server that the user named, who thereby allows it to be on this machine or in a private
            network; empty where nobody did, and then only the public internet is asked.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    named: str = field(default="", repr=False)

    def __str__(self) -> str:
        return shown(self.url)

    @property
    def name(self) -> str:
        """The last part of it, as a file would be called."""
        try:
            return PurePosixPath(unquote(urlsplit(self.url).path)).name
        except ValueError:
            return ""
