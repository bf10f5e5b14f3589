"""A body is counted while it comes in, whatever was announced, and one that is too large is not read to its end."""

import socket
from collections.abc import Iterator

import pytest
from tests.queue_files import PATIENCE
from tests.running_service import RunningService, fake_services, running

from stash_sense.api.bodies import USUAL_BYTES, BodyLimits
from stash_sense.api.recognising import BODY_BYTES, DOCUMENT_BYTES

BLOCK = 64 * 1024


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    services = fake_services(tmp_path_factory.mktemp("service"))
    services.fake.go_on.set()
    with running(services) as service:
        yield service


def sent(service: RunningService, head: str, size: int, block: bytes) -> tuple[bytes, int]:
    """Send a body block by block until there is an answer or the line is cut; return it, and the bytes sent."""
    token = f"Authorization: Bearer {service.token}\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE) as line:
        line.sendall(f"{head}Host: localhost\r\n{token}\r\n".encode())
        count = 0
        try:
            while count < size:
                line.sendall(block)
                count += BLOCK
        except ConnectionError:
            return b"", count
        return line.recv(4096), count


def test_an_announced_body_that_is_too_large_is_refused_unread(service: RunningService) -> None:
    with service.client() as client:
        answer = client.post("/tickets", content=b"x" * (USUAL_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "body_too_large"
    assert answer.headers["connection"] == "close"


def test_a_body_that_nobody_announced_is_counted(service: RunningService) -> None:
    head = "POST /identify HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    block = f"{BLOCK:x}\r\n".encode() + b" " * BLOCK + b"\r\n"
    answer, count = sent(service, head, 10 * DOCUMENT_BYTES, block)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")
    assert count < DOCUMENT_BYTES + 16 * 1024 * 1024


def test_a_form_may_be_larger_than_a_document() -> None:
    limits = BodyLimits(forms={"/identify": BODY_BYTES}, documents={"/identify": DOCUMENT_BYTES})
    assert limits.limit_of("/identify", "multipart/form-data; boundary=x") == BODY_BYTES
    assert limits.limit_of("/identify", "Multipart/Form-Data") == BODY_BYTES
    assert limits.limit_of("/identify", "application/json") == DOCUMENT_BYTES
    assert limits.limit_of("/identify", "") == DOCUMENT_BYTES
    assert limits.limit_of("/tickets", "multipart/form-data; boundary=x") == USUAL_BYTES


def test_strangers_send_no_body_at_all(service: RunningService) -> None:
    with service.stranger() as client:
        answer = client.post("/identify", content=b"x" * (DOCUMENT_BYTES // 2))
    assert answer.status_code == 401
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"{" + b'"tagged":["' + b"x" * 100_000 + b'"]}',
        b'{"top_k": 1e999, "image_base64": "AAAA"}',
        b'{"top_k": NaN, "image_base64": "AAAA"}',
        b'{"top_k": ' + b"9" * 5_000 + b', "image_base64": "AAAA"}',
        b"\xff\xfe",
        b"",
        b"null",
        b'"x"',
        b'{"image_base64": "\\ud800AAA"}',
        b'{"image_base64": "AAAA", "image_base64": "AAAA", "__class__": "x"}',
    ],
    ids=range(12),
)
def test_documents_that_make_no_sense_are_refused(service: RunningService, body: bytes) -> None:
    with service.client() as client:
        answer = client.post("/identify", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]["code"] in ("request_invalid", "input_not_media")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x\r\n",
        b"--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="picture"\r\n\r\nno file\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n',
        b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n\r\n--x--\r\n',
        b"--x\r\n" + b"A: b\r\n" * 5_000 + b"\r\n",
        b"".join(f'--x\r\nContent-Disposition: form-data; name="a{n}"\r\n\r\n1\r\n'.encode() for n in range(2_000))
        + b"--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="top_k"\r\n\r\n' + b"1" * 100_000 + b"\r\n--x--\r\n",
        b"".join(
            f'--x\r\nContent-Disposition: form-data; name="picture"; filename="{n}"\r\n\r\n1\r\n'.encode()
            for n in range(3)
        )
        + b"--x--\r\n",
    ],
    ids=range(10),
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # half a file is left to the collector
def test_forms_that_make_no_sense_are_refused(service: RunningService, body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with service.client() as client:
        answer = client.post("/identify", content=body, headers=headers)
        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["error"]["code"] in ("request_invalid", "input_not_media", "input_empty")
        assert (
            client.post("/identify", content=body, headers={"content-type": "multipart/form-data"}).status_code < 500
        )
