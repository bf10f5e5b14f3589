"""`pack.json`: all that depends on a pack's models — files, preprocessing, thresholds, curve, self-test, licence."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stash_sense.recognition.curve import ProbabilityCurve
from stash_sense.recognition.ports import Alignment
from stash_sense.recognition.spec import MatchingConstants

CARD_NAME = "pack.json"
CARD_SCHEMA = 1

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A bare name: a card can never name a file outside its pack."""
Triple = tuple[float, float, float]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileCard(_Part):
    """One file of the pack: what its bytes must be."""

    sha256: Sha256
    size: int = Field(gt=0)


class InputCard(_Part):
    """How pixels become a model's input: (value - mean) / std per channel, in that channel order and layout."""

    channels: Literal["rgb", "bgr"]
    mean: Triple
    std: float = Field(gt=0)
    layout: Literal["NCHW", "NHWC"] = "NCHW"


class DetectorCard(_Part):
    """The face detector.

    Attributes:
        kind: which decoder understands its outputs.
        max_side: frames are scaled down so that their longest side, pixels, is at most this.
        min_score: faces below this score, 0 to 1, are dropped.
        max_overlap: of two boxes that overlap more (intersection over union) the weaker is dropped.
        strides: pixels per cell of each output level.
        anchors: square anchors of each level, pixels; of SCRFD, which has none, how many points a cell has.
        variances: RetinaFace only: scale of its box offsets and sizes.
    """

    kind: Literal["retinaface", "scrfd"]
    file: FileName
    input: InputCard
    max_side: int = Field(ge=160, le=4096)
    min_score: float = Field(gt=0, lt=1)
    max_overlap: float = Field(gt=0, lt=1)
    strides: tuple[int, ...] = (8, 16, 32)
    anchors: tuple[tuple[int, ...], ...] = ()
    variances: tuple[float, float] = (0.1, 0.2)


class EmbedderCard(_Part):
    """One model that describes a face.

    Attributes:
        quantised: the model's 8-bit form, used where the processor is faster with it (see `forms`); None where
            there is none, or it would answer other vectors.
        alignment: the square and landmarks the crop is made with.
        views: how much each view enlarges the face about the middle of its landmarks; the views' vectors are
            averaged, so each costs a run. 1 is the alignment as it is.
        input_size: side of the model's input; another size than the crop's means that the crop is resized.
        dim: length of its vector.
        weight: its share of the fused cosine; the shares of a pack sum to 1.
        flip_average: describe the mirrored face too and average.
        flip_below: only those faces to which the model's own answer is shorter than this; all faces without it.
        clear_norm: length of the model's own answer to a clear face, where it tells how much a face should count.
    """

    id: FileName
    file: FileName
    quantised: FileName | None = None
    input: InputCard
    alignment: Alignment
    input_size: int = Field(ge=32, le=1024)
    dim: int = Field(ge=16, le=4096)
    weight: float = Field(gt=0, le=1)
    views: tuple[Annotated[float, Field(ge=0.5, le=2.0)], ...] = Field(default=(1.0,), min_length=1)
    flip_average: bool = True
    flip_below: float | None = Field(default=None, gt=0)
    clear_norm: float | None = Field(default=None, gt=0)


class KnownAnswer(_Part):
    """What a model of the pack must answer to the self-test's pictures (see `selftest.py`), within `tolerance`.

    Attributes:
        pattern_sha256: of the pictures' pixels, so that a changed picture is not taken for a changed model.
        first: the values: of the detector's first face, or of an embedder's whole vectors, one after the other.
    """

    pattern_sha256: Sha256
    first: tuple[float, ...] = Field(min_length=1)
    tolerance: float = Field(default=1e-3, gt=0)


class PackCard(_Part):
    """A model pack's description of itself.

    Attributes:
        files: every file of the pack besides the card, by bare name.
        self_test: known answers by embedder id; the detector's stands under "detector".
        self_test_measured: true when the answers were taken on this machine at install, from files whose origin
            only the user knows: they then catch later damage, not a wrong model.
        background_file: name of the file with the statistics of its vectors (see `recognition.space`).
    """

    schema_: Literal[1] = Field(alias="schema")
    id: FileName
    version: str
    title: str
    licence: str
    source: str
    files: dict[FileName, FileCard]
    detector: DetectorCard
    embedders: tuple[EmbedderCard, ...] = Field(min_length=1)
    matching: MatchingConstants
    curve: ProbabilityCurve
    same_person: ProbabilityCurve | None = None
    background_file: FileName | None = None
    self_test: dict[str, KnownAnswer]
    self_test_measured: bool = False

    @property
    def dim(self) -> int:
        """Length of the fused vector."""
        return sum(embedder.dim for embedder in self.embedders)

    @model_validator(mode="after")
    def _is_whole(self) -> "PackCard":
        named = [self.detector.file, *(embedder.file for embedder in self.embedders), self.background_file]
        named += [embedder.quantised for embedder in self.embedders]
        missing = [name for name in named if name and name not in self.files]
        if missing:
            raise ValueError(f"it names {missing[0]} but does not list it under files")
        if abs(sum(embedder.weight for embedder in self.embedders) - 1.0) > 1e-6:
            raise ValueError("the weights of its embedders do not sum to 1")
        return self
