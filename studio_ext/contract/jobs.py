"""Wire types of jobs. All times are seconds since the epoch (UTC), all durations seconds, all sizes bytes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from studio_ext.contract.base import Wire

CELLS_TAG = "studio.cells"
"""Tag of jobs that ran a document which is in no file."""


class JobKind(StrEnum):
    """What a job runs."""

    notebook = "notebook"
    training = "training"
    processing = "processing"


class JobStatus(StrEnum):
    """The state of a job as people see it."""

    Pending = "Pending"
    Starting = "Starting"
    InProgress = "InProgress"
    Stopping = "Stopping"
    Completed = "Completed"
    Failed = "Failed"
    Stopped = "Stopped"


class SecondaryStatus(StrEnum):
    """The finer state, in the words of SageMaker's training jobs."""

    Pending = "Pending"
    Starting = "Starting"
    Downloading = "Downloading"
    Training = "Training"
    Running = "Running"
    Uploading = "Uploading"
    Stopping = "Stopping"
    Completed = "Completed"
    Failed = "Failed"
    Stopped = "Stopped"
    MaxRuntimeExceeded = "MaxRuntimeExceeded"
    Interrupted = "Interrupted"
    Restarting = "Restarting"


class ExitReason(StrEnum):
    """Why an attempt ended. People see the sentence beside it, never this word alone."""

    completed = "Completed"
    cell_failed = "CellFailed"
    kernel_died = "KernelDied"
    out_of_memory = "OutOfMemory"
    too_many_processes = "TooManyProcesses"
    max_runtime = "MaxRuntimeExceeded"
    stopped = "Stopped"
    start_failed = "StartFailed"
    worker_lost = "WorkerLost"
    host_restarted = "HostRestarted"
    engine_lost = "EngineLost"
    disk_full = "DiskFull"
    internal = "InternalError"


class Autolog(StrEnum):
    """Whether MLflow logs by itself what libraries do that it knows, scikit-learn among them."""

    on = "on"
    """Parameters, metrics and data sets."""
    models = "models"
    """The models too, which takes seconds for each."""
    off = "off"


class Resources(Wire):
    """What a job may use. None: no limit."""

    cpus: float | None = Field(default=None, gt=0, le=1024)
    memory_bytes: int | None = Field(default=None, ge=32 * 1024 * 1024, le=1024**5)
    time_limit_seconds: float | None = Field(default=None, gt=0, le=28 * 86400)
    gpus: int | None = Field(default=None, ge=1, le=64)
    """GPUs that the container engine hands to the job; only runners with images take it."""


class ContainerProfile(StrEnum):
    """As whom the user's code runs in a container, and with which rights."""

    notebook = "notebook"
    """Images made for it: the submitter's uid, no capabilities."""
    contract = "contract"
    """Any other image, as the training-container contract has it: the image's own user, the engine's usual
    capabilities."""


class Container(Wire):
    """The container that a job runs in."""

    image: str
    """Reference as the submitter gave it, for example ``studio/notebook:1``."""
    image_id: str | None = None
    """``sha256:...`` of the image when the job was submitted; None for one that is still to be pulled."""
    profile: ContainerProfile
    network_access: bool = False
    """Whether the job may reach other machines."""
    pull: bool = False
    """Whether the image is fetched from its registry when it is not there."""


class KernelEnvironment(Wire):
    """How to start the kernel: decided by the submitter, so that the job does not depend on who runs the controller."""

    summary: str = ""
    """What the job runs in, in one line."""
    container: Container | None = None
    """None: the job runs on the machine itself."""

    kernel: str
    """Name of the kernel spec, for example ``python3``."""
    display_name: str
    language: str
    argv: list[str]
    """Command of the kernel spec; ``{connection_file}`` stands for the connection file."""
    prefix: str
    """Root of the environment that the kernel belongs to (``sys.prefix`` for Python), empty if unknown."""
    interrupt_mode: str = "signal"
    spec_env: dict[str, str] = {}
    """Variables that the kernel spec itself sets."""
    variables: list[str] = []
    """Names (never values) of the submitter's variables that the job gets."""


class Snapshot(Wire):
    """What was copied from the notebook's folder into the job's ``code/``."""

    source: str
    """Absolute path of the folder that was copied."""
    files: int
    size_bytes: int
    left_out: list[str] = []
    """Relative paths that were not copied because of the size cap; linked read-only instead where possible."""
    git_commit: str | None = None
    git_dirty: bool | None = None
    git_remote: str | None = None


class Progress(Wire):
    """How far a job is: cells for notebooks."""

    done: int = 0
    total: int = 0
    current: int | None = None
    """Position (1-based, counting code cells) of the cell that runs now."""
    label: str = ""
    """First meaningful line of the cell that runs now."""


class Exit(Wire):
    """How the last attempt ended."""

    code: int | None = None
    reason: ExitReason
    message: str = ""
    """A sentence for the person."""
    cell: int | None = None
    """Position (1-based, counting code cells) of the failing cell."""
    cell_source: str | None = None
    traceback: str | None = None
    """Traceback of the failing cell with ANSI colours."""
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None


class TrialRef(Wire):
    """Where the job is recorded."""

    experiment: str
    run_id: str | None = None
    """MLflow run id; None until the tracking store has made the run."""
    experiment_id: str | None = None
    artifact_uri: str | None = None


class Transition(Wire):
    """One timed step of a job, as SageMaker's SecondaryStatusTransitions."""

    attempt: int
    status: JobStatus
    secondary_status: SecondaryStatus
    started: float
    ended: float | None = None
    message: str = ""


class Attempt(Wire):
    """One try at a job."""

    number: int
    started: float
    ended: float | None = None
    exit: Exit | None = None


class Job(Wire):
    """A row of the job list."""

    id: str
    name: str
    kind: JobKind
    status: JobStatus
    secondary_status: SecondaryStatus
    runner: str
    attempt: int
    created: float
    started: float | None = None
    """When the first line of user code could run."""
    ended: float | None = None
    progress: Progress
    exit: Exit | None = None
    trial: TrialRef
    notebook: str
    """Path of the notebook: relative to the server's root when it was submitted there, else absolute."""
    output_notebook: str | None = None
    """Absolute path of the executed notebook; it exists from the first cell on."""
    parameters: dict[str, Any] = {}
    user: str
    message: str = ""
    """One line that says what the job waits for or why it ended."""
    stop_requested: bool = False
    revision: int
    """Grows with every change of any job in the workspace."""


class JobsDelta(Wire):
    """What changed in the job list since a revision."""

    revision: int
    """Ask again with this one."""
    items: list[Job]
    """Jobs that are new or changed, oldest change first."""
    removed: list[str] = []
    """Ids of jobs that were deleted."""
    more: bool = False
    """Whether there is more to ask for at once."""


class JobDetail(Job):
    """Everything about one job."""

    resources: Resources
    environment: KernelEnvironment
    snapshot: Snapshot | None = None
    directory: str
    """Absolute path of the job directory."""
    content_path: str | None = None
    """Path of the output notebook in the contents drive ``Studio:``."""
    notebook_sha256: str
    lag_bytes: int = 0
    """What it logged and the tracking store has not got yet, in bytes of its journal."""
    attempts: list[Attempt] = []
    transitions: list[Transition] = []
    tags: dict[str, str] = {}
    autolog: Autolog = Autolog.off
    pid: int | None = None


class SubmitRequest(Wire):
    """A request to run a notebook as a job."""

    notebook: str
    """Path: absolute or relative to the caller's directory (local client), relative to the server's root (REST)."""
    document: dict[str, Any] | None = None
    """A notebook (nbformat 4) to run in place of what is in the file, for example some of its cells; ``notebook`` says
    beside which files."""
    cells_of: str | None = None
    """Id of a job that ran a document: run the same document again."""
    name: str | None = Field(default=None, max_length=200)
    experiment: str | None = Field(default=None, max_length=250)
    parameters: dict[str, Any] = {}
    runner: str = "process"
    kernel: str | None = None
    """Kernel spec to use; None: the notebook's own, else the default. Not for runners with images."""
    image: str | None = Field(default=None, min_length=1, max_length=255)
    """Image to run in, for runners with images; None: the default one."""
    pull: bool = False
    """Whether to fetch the image from its registry when it is not there."""
    network_access: bool = False
    """Whether a job in a container may reach other machines. Jobs of the process runner always may."""
    resources: Resources = Resources()
    variables: list[str] = []
    """Names of environment variables of the submitter to pass on."""
    tags: dict[str, str] = {}
    autolog: Autolog | None = None
    """What MLflow logs by itself; None: what is usual in the workspace."""
    idempotency_key: str | None = Field(default=None, max_length=200)
    """Requests with the same key make one job."""


class InspectRequest(Wire):
    """A request to look into a notebook before it is submitted."""

    notebook: str


class NotebookParameter(Wire):
    """A parameter as papermill finds it in the notebook's ``parameters`` cell."""

    name: str
    type: str
    """``int``, ``float``, ``str``, ``bool``, ``list``, ``dict`` or empty if unknown."""
    default: str
    """Source text of the default."""
    value: Any = None
    """The default as JSON, when it is a literal."""
    help: str = ""


class NotebookInspection(Wire):
    """What the Run as job form needs to know of a notebook."""

    notebook: str
    suggested_name: str
    experiment: str
    parameters: list[NotebookParameter]
    has_parameters_cell: bool
    kernel: str | None
    """Kernel that the job would use; None when the notebook names one that is not installed."""
    kernel_wanted: str | None
    language: str | None
    cells: int
    """Number of code cells."""
    warnings: list[str] = []


class KernelChoice(Wire):
    """A kernel that jobs can run in."""

    name: str
    display_name: str
    language: str
    fast: bool
    """Whether the kernel can be forked from a warm process."""


class RunnerInfo(Wire):
    """A runner that is installed."""

    name: str
    display_name: str
    available: bool
    reason: str = ""
    """Why it is not available, and what to do."""
    away: bool = False
    """Whether it is not available because what it needs does not answer: in a moment that may be otherwise."""
    has_images: bool = False
    """Whether jobs run in an image of the submitter's choice instead of a kernel of this machine."""


class ImageChoice(Wire):
    """An image that jobs can run in."""

    reference: str
    image_id: str
    size_bytes: int
    created: float
    profile: ContainerProfile
    summary: str = ""
    """What a job in it runs in, in one line."""


class SubmitOptions(Wire):
    """What the form can choose from."""

    runners: list[RunnerInfo]
    images: list[ImageChoice] = []
    """Images that are there and allowed, those made for notebooks first."""
    default_image: str = ""
    """The image for submissions that name none; it need not be there."""
    image_hint: str = ""
    """How to get the default image when it is not there."""
    kernels: list[KernelChoice]
    default_kernel: str | None
    experiments: list[str]
    autolog: Autolog = Autolog.on  # of jobs whose submission does not say
    cpus: int
    memory_bytes: int


class LogChunk(Wire):
    """A range of a job's log."""

    text: str
    offset: int
    """Byte offset of the first byte of ``text``."""
    next_offset: int
    size: int
    """Bytes in the log now."""
    complete: bool
    """Whether the job has ended and ``next_offset`` is its end."""


class FileEntry(Wire):
    """A file or folder in a job directory."""

    name: str
    path: str
    """Path relative to the job directory."""
    type: str
    """``file`` or ``directory``."""
    size_bytes: int | None = None
    modified: float
    content_path: str
    """Path in the contents drive ``Studio:``."""
