"""All settings of the program, each with the module that reads it."""

from stash_sense.configuration.path_maps import PathMapType
from stash_sense.configuration.registry import Category, Registry, SettingSpec
from stash_sense.configuration.sources import SourceType
from stash_sense.configuration.values import BoolType, ChoiceType, IntType, TextType
from stash_sense.jobs.job import SLOTS, Slot
from stash_sense.kernel.limits import MAX_FRAMES, MIN_FRAMES
from stash_sense.recognition.matching.modes import DEFAULT_MODE, MODES
from stash_sense.settings import OLD_DATA_DIR

MOST_CANDIDATES = 20
"""Other likely people that may be listed for one person."""

_REQUEST = "stash_sense.identification.requesting"
_SERVICES = "stash_sense.bootstrap"
_MACHINE, _STATE, _PACKS = (f"{_SERVICES}.{floor}" for floor in ("machine", "state", "recognition"))
_CONNECTIONS = f"{_SERVICES}.connections"
_SCANNING = f"{_SERVICES}.scanning"
_USES = {
    Slot.GPU: "the GPU",
    Slot.CPU_HEAVY: "the processor",
    Slot.NETWORK: "the network",
    Slot.LIGHT: "hardly anything",
}

SETTINGS = (
    SettingSpec(
        key="num_frames",
        category=Category.RECOGNITION,
        type=IntType(MIN_FRAMES, MAX_FRAMES),
        # The same in every tier, so that a file gives one answer: a third is looked at first, the others only while
        # they could change who is named, which makes 22 to 33 of 60 on average (docs/benchmarks.md).
        fallback=60,
        description="Frames of a video to look at, at most.",
        reader=_REQUEST,
    ),
    SettingSpec(
        key="matching_mode",
        category=Category.RECOGNITION,
        type=ChoiceType(tuple(MODES)),
        fallback=DEFAULT_MODE,
        description="How names are decided.",
        reader=_REQUEST,
    ),
    SettingSpec(
        key="strict",
        category=Category.RECOGNITION,
        type=BoolType(),
        fallback=False,
        description="Give only the surest names; fewer people get one.",
        reader=_REQUEST,
    ),
    SettingSpec(
        key="top_k",
        category=Category.RECOGNITION,
        type=IntType(0, MOST_CANDIDATES),
        fallback=3,
        description="Other likely people to list for each person.",
        reader=_REQUEST,
    ),
    SettingSpec(
        key="resource_idle_seconds",
        category=Category.PERFORMANCE,
        type=IntType(1, 604_800, unit="seconds"),
        fallback=1800,
        description="How long models and the search matrix stay in memory while nobody uses them.",
        reader=_STATE,
    ),
    SettingSpec(
        key="path_map",
        category=Category.CONNECTION,
        type=PathMapType(),
        fallback="",
        description="Which folder of Stash is which folder here, where they differ; `stash-sense stash check` finds "
        "out.",
        reader=_CONNECTIONS,
    ),
    SettingSpec(
        key="leave_alone_tag",
        category=Category.LIBRARY,
        type=TextType(shortest=0),
        fallback="",
        description="Tag of Stash that means: leave alone. What has it, or a tag below it, is not scanned, and its "
        "faces are forgotten.",
        reader=_SCANNING,
    ),
    SettingSpec(
        key="scan_new_scenes",
        category=Category.LIBRARY,
        type=BoolType(),
        fallback=False,
        description="Scan what is new by itself when Stash has looked for new files.",
        reader=_SCANNING,
    ),
    SettingSpec(
        key="database_source",
        category=Category.UPDATES,
        type=SourceType(),
        fallback="",
        description="Where newer performers databases come from: a folder, an https address or owner/name on GitHub; "
        "nowhere when empty.",
        reader=_SERVICES,
    ),
    *(
        SettingSpec(
            key=f"{slot.value}_slots",
            category=Category.QUEUE,
            type=IntType(1, 16),
            fallback=count,
            description=f"Jobs that mainly use {_USES[slot]} and may run at once.",
            reader=_SERVICES,
        )
        for slot, count in SLOTS.items()
    ),
    SettingSpec(
        key="data_dir",
        category=Category.START_UP,
        type=TextType(longest=4096),
        fallback=None,
        description="Folder of the performers database, keys and state; else the platform's data folder.",
        reader=_STATE,
        old_variables=(OLD_DATA_DIR,),
    ),
    SettingSpec(
        key="device",
        category=Category.START_UP,
        type=ChoiceType(("auto", "cpu", "gpu")),
        fallback="auto",
        description="Where the models run; auto takes a GPU that really works, else the CPU.",
        reader=_MACHINE,
    ),
    SettingSpec(
        key="threads",
        category=Category.START_UP,
        type=IntType(1, 64),
        fallback=None,
        description="Threads that the models compute with; else the processors there are, at most 4.",
        reader=_MACHINE,
    ),
    SettingSpec(
        key="pack",
        category=Category.START_UP,
        type=TextType(),
        fallback=None,
        description="The model pack to use; else the best one that is installed.",
        reader=_PACKS,
    ),
)

UNREAD = ("STASH_RATE_LIMIT", "ENABLE_BODY_SIGNAL", "ENABLE_TATTOO_SIGNAL", "FACE_CANDIDATES")
"""Variables of the existing system for what is not part of this version."""


def shipped_registry() -> Registry:
    """Return all settings of this version."""
    return Registry(SETTINGS, UNREAD)
