"""A gallery with more images than a request looks at becomes a job, by route and by command."""

import json
from typing import Any

import pytest
import typer.testing
from tests.integration.identification.library_media import BIDEN, OBAMA
from tests.queue_files import until
from tests.running_service import running

from stash_sense.api.lock import service_lock
from stash_sense.bootstrap import Services
from stash_sense.cli.app import app
from stash_sense.fakes.stash.server import SimulatedStash
from stash_sense.identification.galleries import MOST_IN_REQUEST
from stash_sense.jobs.context import JobContext
from stash_sense.jobs.store import Checkpoint
from stash_sense.kernel.cancel import CancelToken
from stash_sense.operations.gallery_identification import GALLERY_IDENTIFICATION, GalleryJobRequest


@pytest.fixture
def large(stash: SimulatedStash, gallery: str) -> str:
    """That gallery, with so many images without a file that it is too large for a request."""
    with stash.state.transaction():
        for _ in range(MOST_IN_REQUEST):
            stash.state.insert("images", files=[], galleries=[int(gallery)])
    return gallery


def test_a_request_is_answered_with_a_job_whose_result_says_who_is_in_it(knowing: Services, large: str) -> None:
    with running(knowing) as service, service.client() as client:
        answer = client.post("/identify/gallery", json={"gallery_id": large})
        assert answer.status_code == 202
        begun = answer.json()
        assert (begun["new"], begun["total_images"]) == (True, MOST_IN_REQUEST + 5)
        job: dict[str, Any] = {}

        def ended() -> bool:
            job.update(client.get(f"/queue/{begun['job_id']}").json())
            return job["status"] in ("completed", "failed")

        until(ended)
    assert (job["type"], job["status"]) == (GALLERY_IDENTIFICATION, "completed")
    result = job["result"]
    assert (result["total_images"], result["images_processed"]) == (MOST_IN_REQUEST + 5, 3)
    assert {person["name"]: person["image_count"] for person in result["persons"]} == {OBAMA: 1, BIDEN: 1}
    assert [one["code"] for one in result["errors"][:2]] == ["picture_damaged", "library_item_without_file"]
    assert (len(result["errors"]), result["more_persons"]) == (10, 0)
    assert (job["done"], job["total"]) == (MOST_IN_REQUEST + 5,) * 2


def test_without_a_database_the_request_says_so_and_there_is_no_job(services: Services, large: str) -> None:
    with running(services) as service, service.client() as client:
        answer = client.post("/identify/gallery", json={"gallery_id": large})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_missing")
        assert client.get("/queue").json()["jobs"] == []


def test_a_job_that_was_killed_goes_on_where_it_was_and_says_the_same(knowing: Services, large: str) -> None:
    kind = knowing.operations.catalogue.get(GALLERY_IDENTIFICATION)
    asked, kept = GalleryJobRequest(gallery_id=large), list[Checkpoint]()
    whole = kind.run(JobContext(1, asked, save=kept.append))
    assert len(kept) == (MOST_IN_REQUEST + 5) // 25
    cursor = json.loads(json.dumps(kept[3].cursor))
    steps = list[str]()
    rest = JobContext(1, asked, cursor=cursor, tell=lambda report: steps.append(f"{report.phase} {report.done}"))
    assert kind.run(rest) == whole
    assert steps[1] == "images 100"
    changed = {**cursor, "images": ["999", *cursor["images"][1:]]}
    assert kind.run(JobContext(1, asked, cursor=changed)) == whole


def test_the_command_lets_a_service_look_at_a_large_gallery(knowing: Services, large: str) -> None:
    settings = knowing.settings
    environment = {
        "STASH_SENSE_DATA_DIR": str(settings.data_dir),
        "STASH_SENSE_MODELS_DIR": str(settings.models_dir),
        "STASH_SENSE_DEVICE": "cpu",
        "STASH_URL": str(settings.stash_url),
        "STASH_API_KEY": settings.stash_api_key.get_secret_value() if settings.stash_api_key else "",
        "COLUMNS": "200",
    }

    def run(*words: str) -> typer.testing.Result:
        return typer.testing.CliRunner().invoke(app, ["identify", *words], obj=CancelToken(), env=environment)

    with service_lock(settings.data_dir) as lock, running(knowing) as service:
        lock.announce(service.url)
        told = run("--gallery-id", large)
        assert told.exit_code == 1, told.output  # most of its images have no file
        assert OBAMA in told.output
        assert "scene" not in told.output
        document = json.loads(run("--gallery-id", large, "--json").stdout)
        jobs = knowing.queue.page(None, 10).jobs
    assert [job.type for job in jobs] == [GALLERY_IDENTIFICATION] * 2
    assert (document["results"], document["gallery"]["images_processed"]) == ([], 3)
