"""Makes and starts the container of an attempt, and says in a sentence why that cannot be done."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_ext.adapters import host
from studio_ext.adapters.attempts.archive import sdk_archive, worker_archive
from studio_ext.adapters.attempts.notes import note_more
from studio_ext.adapters.attempts.options import supervisor_options
from studio_ext.adapters.docker_runner import spec
from studio_ext.adapters.docker_runner.engine import Engine, engine_errors
from studio_ext.adapters.docker_runner.image_facts import ImageFacts, check_runs_here
from studio_ext.adapters.docker_runner.images import DockerImages
from studio_ext.adapters.docker_runner.places import Places
from studio_ext.adapters.docker_runner.pull import fetch
from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.jobs import ContainerProfile
from studio_ext.core.image_names import parse_image_name
from studio_ext.ports.runner import Launch
from studio_ext.worker import records

_LARGEST_FILE = 1 << 20
"""Bytes of a list of users that are read of an image, which is anybody's."""
_PYTHONS = ("python3", "python")
"""Names that the interpreter has in images."""


class Cancelled(Exception):
    """The attempt is not wanted any more."""


@dataclass
class Launcher:
    """Starts containers for one workspace. Thread-safe; blocks as long as the engine does."""

    engine: Engine
    places: Places
    home: Path

    def start(
        self,
        launch: Launch,
        job: Mapping[str, Any],
        say: Callable[[str, bool], None],
        cancelled: Callable[[], bool],
    ) -> str:
        """Start the container of an attempt and return its id; if it is there already, that one.

        ``say``: what is waited for, and whether it is an image. Raises :class:`Cancelled` as soon as ``cancelled()`` is
        true, ``Unavailable`` while the engine is away, and ``StudioError`` where it is of no use to try again.
        """
        if cancelled():
            raise Cancelled
        info = self.engine.describe(wait=self.engine.api().timeout)
        if info.name == "Podman" and (job.get("resources") or {}).get("gpus"):
            raise StudioError(
                "Podman takes no notice of GPUs that are asked for through its Docker-compatible socket.",
                hint="Leave GPUs empty, or use Docker.",
            )
        image = self._image(job["environment"]["container"], say, cancelled)
        if image.profile is ContainerProfile.contract:
            _open_input(launch.directory)
        note_more(launch, image_id=image.id)
        found = launch.directory.stat()
        made = spec.Spec(
            launch=launch,
            workspace=self.places.workspace(),
            image=image,
            engine=info,
            job=job,
            mounts=self._mounts(launch, job, image, found.st_uid if not info.rootless else 0, found.st_gid),
            owner=(found.st_uid, found.st_gid),
            pids_limit=self.engine.settings.pids_limit,
            groups=_further_groups(self.engine.address),
            options=supervisor_options(),
        )
        if cancelled():
            raise Cancelled
        return self._create_and_start(made)

    def _image(
        self, container: Mapping[str, Any], say: Callable[[str, bool], None], cancelled: Callable[[], bool]
    ) -> ImageFacts:
        images = DockerImages(self.engine)
        reference, may_pull = container["image"], bool(container.get("pull"))
        wanted = container.get("image_id")
        if found := images.inspect(wanted or reference):
            return found
        name = parse_image_name(reference)
        if wanted or not may_pull or name is None:  # another image of the same name is not what was recorded
            raise StudioError(
                f"The image {reference} is not there any more.",
                hint="See what is there with: studio image list. Then run the job again.",
            )

        def report(text: str, part: float | None) -> None:
            say(text if part is None else f"{text}, {part:.0%}", True)

        if not fetch(self.engine, name, report, cancelled):
            raise Cancelled
        say("Starting the container", False)
        fetched = images.inspect(reference)
        if fetched is None:
            raise StudioError(f"The image {reference} was fetched, and is gone again.")
        check_runs_here(self.engine.describe(), reference, fetched)
        return fetched

    def _mounts(
        self, launch: Launch, job: Mapping[str, Any], image: ImageFacts, uid: int, gid: int
    ) -> list[spec.Mounted]:
        source = self.places.source
        directory = launch.directory
        try:
            worker, sdk = worker_archive(self.home / "cache"), sdk_archive(self.home / "cache")
        except OSError as error:
            raise StudioError(
                f"What runs jobs cannot be written to {self.home / 'cache'}: {error.strerror}.", hint="Free some space."
            ) from error
        mounts = [
            spec.Mounted(source(directory), spec.JOB_DIR, read_only=False),
            # What is to be run, and with which mounts, is not the job's to change.
            spec.Mounted(source(directory / "job.json"), f"{spec.JOB_DIR}/job.json"),
            spec.Mounted(source(directory / "input"), f"{spec.JOB_DIR}/input"),
            spec.Mounted(source(worker), spec.WORKER),
            spec.Mounted(source(sdk), spec.SDK),
        ]
        links = spec.data_mounts(job.get("links") or [], self.engine.address, self.home)
        mounts += [spec.Mounted(source(link), link) for link in links]
        if image.profile is ContainerProfile.notebook and uid != 0:
            mounts.append(spec.Mounted(source(self._passwd(image, uid, gid)), "/etc/passwd"))
        return mounts

    def _passwd(self, image: ImageFacts, uid: int, gid: int) -> Path:
        """The image's own list of users, and in it the one that the job runs as; programs ask for their name."""
        home = image.env.get("HOME", "/tmp")  # noqa: S108
        target = self.home / "cache" / "passwd" / f"{image.id.rpartition(':')[2][:32]}-{uid}-{gid}"
        if not target.exists():
            lines = self._read_from(image, "/etc/passwd").decode("utf-8", "replace").splitlines()
            lines = lines or ["root:x:0:0:root:/root:/bin/sh"]
            users = {line.split(":")[0] for line in lines}
            if not any(line.split(":")[2:3] == [str(uid)] for line in lines):
                name = host.user_name()
                name = name if name.isidentifier() and name not in users else "studio"
                lines.append(f"{name}:x:{uid}:{gid}:Studio:{home}:/bin/sh")
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            records.write(target, ("\n".join(lines) + "\n").encode(), mode=0o644)
        return target

    def _read_from(self, image: ImageFacts, path: str) -> bytes:
        """A small file of an image; nothing where there is none, or something else."""
        from docker.errors import NotFound

        api = self.engine.api()
        with engine_errors(self.engine.address):
            labels = {spec.WORKSPACE_LABEL: self.places.workspace(), spec.HELPER_LABEL: "read"}
            made = api.create_container(image.id, entrypoint=["/none"], command=[], labels=labels)
            try:
                stream, about = api.get_archive(made["Id"], path)
                if int(about.get("size") or 0) > _LARGEST_FILE:
                    return b""
                data = b""
                for piece in stream:
                    data += piece
                    if len(data) > 2 * _LARGEST_FILE:
                        return b""
                with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                    file = archive.extractfile(archive.getmembers()[0])
                    return file.read() if file else b""
            except (NotFound, tarfile.TarError, IndexError, KeyError):
                return b""
            finally:
                api.remove_container(made["Id"], v=True, force=True)

    def _create_and_start(self, made: spec.Spec) -> str:
        for python in _PYTHONS:
            try:
                return self._start_once(made, python)
            except _NoSuchProgram:
                continue
        raise StudioError(
            f"There is no Python in the image {made.job['environment']['container']['image']}.",
            hint="Jobs need an image with Python 3.11 or newer, papermill and ipykernel: studio image build makes one.",
        )

    def _start_once(self, made: spec.Spec, python: str) -> str:
        from docker.errors import APIError

        api = self.engine.api()
        identity: str = ""
        try:
            with engine_errors(self.engine.address):
                try:
                    identity = str(api.create_container(**made.request(api, python))["Id"])
                except APIError as error:
                    # Podman answers 500 where Docker says that there is a conflict.
                    if error.status_code != 409 and "already in use" not in str(error.explanation):
                        raise
                    identity = str(api.inspect_container(made.name)["Id"])  # made before a crash
                api.start(identity)
                return identity
        except Unavailable:
            raise
        except (APIError, StudioError) as error:
            with contextlib.suppress(Exception):
                if identity:
                    api.remove_container(identity, v=True, force=True)
            raise _told(error, made) from error


class _NoSuchProgram(Exception):
    """The image has no program of this name."""


def _told(error: Exception, made: spec.Spec) -> Exception:
    """What the engine says, in words that help."""
    text = str(getattr(error, "explanation", None) or getattr(error, "message", None) or error)
    image = made.job["environment"]["container"]["image"]
    if "executable file not found" in text or ("no such file or directory" in text and "exec" in text):
        return _NoSuchProgram(text)
    if "exec format error" in text.lower():
        return StudioError(
            f"The image {image} is made for another processor than this machine's ({made.engine.architecture}).",
            hint=f"Get it for {made.engine.architecture}, or build it here: studio image build.",
        )
    if "device driver" in text or "nvidia" in text.lower():
        return StudioError(
            "The engine has no GPUs to hand out.",
            hint="Install the NVIDIA container toolkit on its machine, or leave GPUs empty.",
        )
    if "bind source path does not exist" in text:
        return StudioError(
            f"The engine does not find a file of the job: {text.rpartition('exist: ')[2]}.",
            hint="It was removed, or the engine runs on another machine: see studio doctor.",
        )
    return error if isinstance(error, StudioError) else StudioError(f"The container engine refused: {text}.")


def _open_input(directory: Path) -> None:
    """Let the image's user read the inputs. The job directory itself stays closed to others on this machine."""
    for parent, folders, files in os.walk(directory / "input"):
        for name, more in (*((name, 0o555) for name in folders), *((name, 0o444) for name in files)):
            path = Path(parent, name)
            if not path.is_symlink():
                with contextlib.suppress(OSError):
                    path.chmod(path.stat().st_mode & 0o7777 | more)
    with contextlib.suppress(OSError):
        (directory / "input").chmod(0o755)


def _further_groups(address: str) -> list[int]:
    """Groups by which the submitter may read data; not the one that may use the engine."""
    never = {0, os.getgid()}
    if address.startswith("unix://"):
        with contextlib.suppress(OSError):
            never.add(Path(address.removeprefix("unix://")).stat().st_gid)
    return sorted(set(os.getgroups()) - never)
