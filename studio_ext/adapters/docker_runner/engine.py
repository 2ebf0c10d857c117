"""The container engine: where it is, what it is, and calls that end in a sentence when it does not answer."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_ext.adapters.docker_runner.settings import DockerSettings
from studio_ext.contract.errors import StudioError, Unavailable

CALL_SECONDS = 20.0
"""Longest wait for an answer to an ordinary call."""
LOOK_SECONDS = 0.8
"""Longest wait for the engine to say what it is: forms and the command line wait for it."""
_KNOWN_SECONDS = 10.0
"""How long it is believed that an engine which has answered is there."""
_DETAILS_SECONDS = 60.0
"""How long what the engine said of itself is believed; after that it is asked again while the old answer goes on."""
SAME_PROCESSOR = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armhf": "arm", "i686": "386", "i386": "386"}
"""What kernels call a processor, and what images do."""


@dataclass(frozen=True)
class EngineInfo:
    """What an engine says of itself."""

    address: str
    name: str
    """``Docker`` or ``Podman``."""
    version: str
    architecture: str
    """As images name it: ``amd64``, ``arm64``, ..."""
    rootless: bool
    """Whether root in a container is the user that the engine runs as."""
    remapped: bool
    """Whether the engine shifts user ids (``userns-remap``) unless a container asks it not to."""
    cgroup_version: str
    limits: bool
    """Whether the engine holds limits on memory, CPUs and processes; where it does not, the supervisor does."""

    @property
    def title(self) -> str:
        """``Docker 28.1.0, rootless``."""
        return f"{self.name} {self.version}{', rootless' if self.rootless else ''}"


class Engine:
    """One container engine. Thread-safe. The SDK is imported at the first call."""

    def __init__(self, settings: DockerSettings, environ: Mapping[str, str] = os.environ) -> None:
        self.settings = settings
        self.address = find_address(settings, environ)
        self._environ = dict(environ)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._look: Future[EngineInfo] | None = None
        self._looked = 0.0
        self._api_version: str | None = None
        self._details: tuple[str, EngineInfo, float] | None = None

    def api(self, timeout: float = CALL_SECONDS) -> Any:
        """The SDK's low-level client of this thread. Raises ``Unavailable`` when nothing answers."""
        client = getattr(self._local, "client", None)
        if client is None or client.api_version != self._api_version:
            with engine_errors(self.address):
                client = self._local.client = self._connect()
        client.timeout = timeout
        return client

    def _connect(self) -> Any:
        from docker import APIClient
        from docker.constants import MINIMUM_DOCKER_API_VERSION
        from docker.utils import kwargs_from_env

        options = {**kwargs_from_env(environment=self._environ), "base_url": self.address}
        # Many threads of ours are idle at most times: small pools.
        options |= {"timeout": CALL_SECONDS, "num_pools": 2, "max_pool_size": 4}
        if self._api_version is None:
            # The SDK would ask for /version at every connection, which costs Podman up to a second.
            self._ping(APIClient(**options, version=MINIMUM_DOCKER_API_VERSION))
        client = APIClient(**options, version=self._api_version)
        self._api_version = client.api_version
        return client

    def describe(self, wait: float = LOOK_SECONDS) -> EngineInfo:
        """What the engine is. Asked in a thread of its own: an engine that hangs holds nobody up.

        Raises ``Unavailable`` when it does not answer within ``wait`` seconds, or says no.
        """
        import docker.errors  # noqa: F401  (before the clock starts: on a busy machine this takes longer than the engine)

        with self._lock:
            look, is_old = self._look, time.monotonic() - self._looked > _KNOWN_SECONDS
            failed = look is not None and look.done() and look.exception() is not None
            if look is None or (look.done() and (is_old or failed)):
                look = self._look = Future()
                self._looked = time.monotonic()
                threading.Thread(target=self._ask, args=(look,), name="engine-look", daemon=True).start()
            left = self._looked + wait - time.monotonic()
        try:
            return look.result(max(0.0, left))  # the first one to ask waits, those after it for the rest of that time
        except TimeoutError:
            raise Unavailable(
                f"The container engine at {self.address} does not answer.",
                hint="It hangs, or is very busy: try again, or restart it (systemctl restart docker).",
            ) from None

    def _ask(self, look: Future[EngineInfo]) -> None:
        try:
            with engine_errors(self.address):
                server = self._ping(self.api())
                known, self._details = self._details, None
                if known is not None and known[0] == server:
                    self._details = known
                    look.set_result(known[1])
                    if time.monotonic() - known[2] < _DETAILS_SECONDS:
                        return
                described = _described(self.address, self.api(), server)
            self._details = server, described, time.monotonic()
            if not look.done():
                look.set_result(described)
        except BaseException as error:
            if not look.done():
                look.set_exception(error)

    def _ping(self, client: Any) -> str:
        """Name and version of the server, which every engine says at once."""
        answer = client.get(f"{client.base_url}/_ping", timeout=client.timeout)
        answer.raise_for_status()
        self._api_version = answer.headers.get("Api-Version") or self._api_version
        return str(answer.headers.get("Server") or "")


def _described(address: str, api: Any, server: str) -> EngineInfo:
    info = api.info()
    named = {option.partition("name=")[2].partition(",")[0] for option in info.get("SecurityOptions") or []}
    architecture = str(info.get("Architecture") or "")
    is_podman = server.startswith("Libpod/")
    rootless = "rootless" in named or bool(info.get("Rootless"))
    limits = bool(info.get("MemoryLimit") and info.get("CpuCfsQuota"))
    if is_podman and rootless and limits:
        limits = _may_limit(api)
    return EngineInfo(
        address=address,
        name="Podman" if is_podman else "Docker",
        version=str(info.get("ServerVersion") or "?"),
        architecture=SAME_PROCESSOR.get(architecture, architecture),
        rootless=rootless,
        remapped="userns" in named,
        cgroup_version=str(info.get("CgroupVersion") or "1"),
        limits=limits,
    )


def _may_limit(api: Any) -> bool:
    """Whether a rootless Podman may do what its machine can: only its own interface tells."""
    answer = api.get(f"{api.base_url}/v4.0.0/libpod/info", timeout=api.timeout)
    answer.raise_for_status()
    told = answer.json()["host"]
    has_groups = told.get("cgroupVersion") == "v2" and told.get("cgroupManager") == "systemd"
    return has_groups and {"memory", "cpu", "pids"} <= set(told.get("cgroupControllers") or ())


def find_address(settings: DockerSettings, environ: Mapping[str, str]) -> str:
    """Where the engine listens: the setting, ``DOCKER_HOST``, the chosen Docker context, else the usual sockets."""
    named = settings.host or environ.get("DOCKER_HOST")
    if named:
        return named
    context = _context_address(environ)
    if context:
        return context
    usual = _usual_sockets(environ)
    for path in usual:
        if os.access(path, os.R_OK | os.W_OK):
            return f"unix://{path}"
    return f"unix://{usual[0]}"


def _usual_sockets(environ: Mapping[str, str]) -> list[str]:
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    own = [f"{runtime}/docker.sock", f"{runtime}/podman/podman.sock"]
    return ["/var/run/docker.sock", *own, "/run/podman/podman.sock"]


def sockets(address: str, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Where engines of this machine listen, the one at ``address`` among them: whoever reaches one is root here."""
    own = [address.removeprefix("unix://")] if address.startswith("unix://") else []
    return [Path(path).resolve() for path in (*own, *_usual_sockets(environ), "/run/containerd/containerd.sock")]


def _context_address(environ: Mapping[str, str]) -> str | None:
    """The address of the Docker context in use, where it is not the default one (Docker Desktop, rootless)."""
    home = Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME") or "/") / ".docker")
    if not environ.get("DOCKER_CONTEXT") and not (home / "config.json").exists():
        return None
    try:
        from docker.context import ContextAPI

        context = ContextAPI.get_current_context()
        address = context.Host if context is not None and context.Name != "default" else None
    except Exception:  # a configuration of other people's making
        return None
    return address or None


@contextlib.contextmanager
def engine_errors(address: str) -> Iterator[None]:
    """Turn the faults of a connection into ``Unavailable``, and refusals into ``StudioError``.

    ``docker.errors.NotFound`` and its like pass: they mean something to the caller.
    """
    import requests
    from docker.errors import APIError, DockerException, ImageNotFound, NotFound

    try:
        yield
    except (NotFound, ImageNotFound):
        raise
    except APIError as error:
        if error.status_code in (409, 400, 304):
            raise
        raise StudioError(
            f"The container engine refused: {error.explanation or error}.", hint="Its own log says more."
        ) from error
    except (requests.exceptions.Timeout, TimeoutError) as error:
        raise Unavailable(
            f"The container engine at {address} does not answer.",
            hint="It hangs, or is very busy: try again, or restart it (systemctl restart docker).",
        ) from error
    except (DockerException, requests.exceptions.RequestException, OSError) as error:
        raise Unavailable(
            f"The container engine at {address} cannot be reached: {_reason(error)}.", hint=_hint(error)
        ) from error


def _reason(error: BaseException) -> str:
    text = str(error)
    if "Permission denied" in text or "PermissionError" in text:
        return "permission denied"
    if "No such file" in text or "FileNotFoundError" in text:
        return "there is no socket"
    if "refused" in text.lower():
        return "the connection was refused"
    return text.splitlines()[0][:200].rstrip(".") if text else type(error).__name__


def _hint(error: BaseException) -> str:
    if _reason(error) == "permission denied":
        return "Add your user to the group docker and log in again, or use rootless Docker or Podman."
    return "Start it (systemctl start docker), or name another one: DOCKER_HOST, or host in [docker] of studio.toml."
