"""Labelled files -> answers file by file -> figures: the measures on a user's own library."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stash_sense.errors import InputError, InputMissing, TruthUnusable
from stash_sense.evaluation.answers import Answer, answer_of, references_of
from stash_sense.evaluation.comparison import Compared, compare
from stash_sense.evaluation.measures import Figures, by_label, by_references, measure
from stash_sense.evaluation.people import People, people_of
from stash_sense.evaluation.stratify import sample, stratum_of
from stash_sense.evaluation.truth import TrueFile, Truth
from stash_sense.identification.recognizer import Recognizer, Request
from stash_sense.identification.result import Failure
from stash_sense.kernel.cancel import CancelToken
from stash_sense.kernel.progress import Progress, ProgressListener, silent
from stash_sense.media.ports import VideoOpener
from stash_sense.performers.gallery import Gallery


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A file, where it lies, and what is true of it."""

    path: Path
    truth: TrueFile


@dataclass(frozen=True, slots=True)
class Record:
    """One file that was asked about: the answer, or why there is none."""

    file: LabelledFile
    answer: Answer | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files that will be measured.

    Attributes:
        files: labelled with what they are like, besides the labels they had.
        failed: those that are missing or cannot be opened, whatever the sample.
        of: how many there were to choose from, without those that failed.
    """

    files: tuple[LabelledFile, ...]
    failed: tuple[Record, ...]
    of: int


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured.

    Attributes:
        records: of every file, those that failed among them.
        compared: the answers beside the truth, by place of the record.
        overall: figures of all files.
        groups: figures by what the files are like: label -> value -> figures.
        by_references: figures of people with equally many references, by that number.
        people: whose references should be looked at.
    """

    records: tuple[Record, ...]
    compared: Mapping[int, Compared]
    overall: Figures
    groups: Mapping[str, Mapping[str, Figures]]
    by_references: Mapping[int, Figures]
    people: People

    @property
    def failed(self) -> tuple[Record, ...]:
        """The files without an answer."""
        return tuple(record for record in self.records if record.failure is not None)


def labelled_files(truth: Truth, source: Path, folder: Path) -> list[LabelledFile]:
    """Say where the files of a truth lie.

    Args:
        truth: about at least one file that is there.
        source: the document or folder that the truth was read from, for messages.
        folder: where relative paths begin.

    Raises:
        TruthUnusable: it names no file, none that is there, or one twice.
    """
    if not truth.files:
        raise TruthUnusable(path=source, reason="it names no file")
    files = [LabelledFile(folder / file.path, file) for file in truth.files]
    seen: set[Path] = set()
    for file in files:
        if file.path.absolute() in seen:
            raise TruthUnusable(path=source, reason=f"it names {file.truth.path} twice")
        seen.add(file.path.absolute())
    if not any(_is_there(file.path) for file in files):
        reason = f"not one of the files it names is there, such as {files[0].path}"
        raise TruthUnusable(path=source, reason=reason)
    return files


class Benchmark:
    """Measures one recognizer on labelled files."""

    def __init__(self, recognizer: Recognizer, videos: VideoOpener) -> None:
        self._recognizer = recognizer
        self._videos = videos

    def choose(
        self,
        files: Sequence[LabelledFile],
        count: int | None,
        seed: int,
        cancel: CancelToken,
        progress: ProgressListener = silent,
    ) -> Chosen:
        """Look at what the files are like, and choose `count` of them, or all (None).

        Raises:
            Cancelled: the token was set.
        """
        found: list[tuple[LabelledFile, Mapping[str, str]]] = []
        failed: list[Record] = []
        for done, file in enumerate(files):
            cancel.raise_if_cancelled()
            progress(Progress("looking at the files", done, len(files), file.path.name))
            try:
                found.append((file, stratum_of(file.path, file.truth, self._videos)))
            except InputError as error:
                failed.append(Record(file, failure=Failure.of(error)))
        progress(Progress("looking at the files", len(files), len(files)))
        strata = [stratum for _, stratum in found]
        places = range(len(found)) if count is None else sample(strata, count, seed)
        return Chosen(tuple(_labelled(*found[place]) for place in places), tuple(failed), len(found))

    def run(
        self,
        files: Sequence[LabelledFile],
        gallery: Gallery,
        request: Request,
        cancel: CancelToken,
        progress: ProgressListener = silent,
    ) -> Iterator[Record]:
        """Identify the people of the files, file by file; one that fails does not stop the rest.

        Raises:
            SettingInvalid: there is no such mode.
            Cancelled: the token was set.
        """
        # An unknown person's first alternative is part of what is measured.
        asked = replace(request, top_k=max(request.top_k, 1))
        there = {file.path.absolute(): file for file in files if _is_there(file.path)}
        for file in files:
            if file.path.absolute() not in there:
                yield Record(file, failure=Failure.of(InputMissing(path=file.path)))
        paths = [file.path for file in there.values()]
        results = self._recognizer.identify(paths, gallery, asked, cancel, progress)
        for file, result in zip(there.values(), results, strict=True):
            if result.failure is None:
                yield Record(file, answer_of(result))
            else:
                yield Record(file, failure=result.failure)


def results_of(records: Sequence[Record], gallery: Gallery, seed: int = 0) -> Results:
    """Sum records up; files that failed are listed and count nowhere else."""
    references = references_of(gallery)
    compared = {
        place: compare(record.answer, record.file.truth, references)
        for place, record in enumerate(records)
        if record.answer is not None
    }
    answered = list(compared.values())
    return Results(
        records=tuple(records),
        compared=compared,
        overall=measure(answered, seed),
        groups=by_label(answered, seed),
        by_references=by_references(answered, references, seed),
        people=people_of(answered, references),
    )


def _labelled(file: LabelledFile, stratum: Mapping[str, str]) -> LabelledFile:
    """Add what was seen of a file to its labels; the user's own say more."""
    return replace(file, truth=file.truth.model_copy(update={"labels": {**stratum, **file.truth.labels}}))


def _is_there(path: Path) -> bool:
    """Whether a file is there; one whose name is too long for the disk cannot be."""
    try:
        return path.is_file()
    except OSError:
        return False
