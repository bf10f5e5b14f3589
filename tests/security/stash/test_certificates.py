import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.scripted_server import ScriptedServer, graphql, scripted
from tests.stash_library import asked

from stash_sense.errors import StashCertificateUntrusted
from stash_sense.library.kinds import SCENES


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", "/CN=stash", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "key")]
    command = ["openssl", "req", "-x509", *key, *names, "-days", "2", "-out", str(folder / "certificate")]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl to make a certificate with")
    both = folder / "both.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return both


@pytest.fixture
def secure(certificate: Path) -> Iterator[ScriptedServer]:
    with scripted(lambda _: graphql({"findScenes": {"count": 3}}), certificate) as server:
        yield server


def test_a_certificate_that_nobody_vouches_for_gets_no_question_and_no_key(secure: ScriptedServer) -> None:
    with pytest.raises(StashCertificateUntrusted) as caught:
        asked(secure.url, lambda client: client.writer.update(SCENES, "1", {}), "key")
    assert "SSL_CERT_FILE" in str(caught.value)
    assert secure.asked == []


def test_a_certificate_that_the_user_trusts_is_taken(secure: ScriptedServer, certificate: Path) -> None:
    trusted = ssl.create_default_context(cafile=certificate)
    assert asked(secure.url, lambda client: client.reader.count(SCENES), "key", certificates=trusted) == 3


def test_a_certificate_of_another_host_is_refused(secure: ScriptedServer, certificate: Path) -> None:
    trusted = ssl.create_default_context(cafile=certificate)
    url = secure.url.replace("127.0.0.1", "localhost")
    with pytest.raises(StashCertificateUntrusted):
        asked(url, lambda client: client.reader.count(SCENES), certificates=trusted)
