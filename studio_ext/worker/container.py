"""What is different where the supervisor is the first process of a container.

The limits are the container's own. The environment is the image's. Where the image's user is not the one that the
job directory belongs to, the supervisor is root: the user's code runs as the image's user, is lent the directories it
may write to, and everything is handed back to the directory's owner at the end.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import cgroups, processes, records

_LENT = ("code", "model", "output", "checkpoints", "artifacts")
"""What the user's code may read and write in the job directory; the records of the attempt are not among it."""
_OURS = ("STUDIO_JOB_ID", "HOSTNAME", "PWD", "OLDPWD", "SHLVL", "_")


class NoSuchUser(Exception):
    """The image names a user that it does not have."""


def own_variables() -> dict[str, str]:
    """The environment that the image gives its programs."""
    return {name: value for name, value in os.environ.items() if name not in _OURS}


@dataclass(frozen=True)
class Tenant:
    """The user that the user's code runs as, where that is not the supervisor's."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
    name: str

    @classmethod
    def of(cls, user: str) -> Tenant | None:
        """The tenant for the user of an image as its configuration names it: ``name``, ``uid``, ``name:group``, ...

        None where that is who we are. Raises :class:`NoSuchUser`.
        """
        import grp
        import pwd

        name, _, group = user.partition(":")
        try:
            entry = pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
            uid, gid, home, login = entry.pw_uid, entry.pw_gid, entry.pw_dir, entry.pw_name
        except KeyError:
            if not name.isdigit():
                raise NoSuchUser(f"The image's user {name!r} is not in its /etc/passwd.") from None
            uid, gid, home, login = int(name), 0, "/", ""
        if group:
            try:
                gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
            except KeyError:
                raise NoSuchUser(f"The image's group {group!r} is not in its /etc/group.") from None
        if uid == os.geteuid():
            return None
        groups = tuple(os.getgrouplist(login, gid)) if login and not group else (gid,)
        return cls(uid, gid, groups, home, login)

    def become(self) -> None:
        """Make the calling process the tenant's, for good."""
        os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)

    def variables(self, base: Mapping[str, str]) -> dict[str, str]:
        """``base`` with the tenant's home where it has the supervisor's."""
        own_home = "/root"
        changed = {} if base.get("HOME", own_home) != own_home else {"HOME": self.home}
        return {**base, **changed, **({"USER": self.name} if self.name else {})}


class Ownership:
    """Who the files of a job directory belong to, while the attempt runs and after it."""

    def __init__(self, job_dir: Path) -> None:
        self.job_dir = job_dir
        found = job_dir.stat()
        self._mode = found.st_mode & 0o7777
        self._opened: dict[Path, int] = {}
        """Folders on the way to what was lent, and what may be done with them otherwise."""
        self.owner: tuple[int, int] | None = None
        """Whom what we make belongs to; None where that is who we are."""
        if os.geteuid() == 0 and found.st_uid != 0:
            self.owner = (found.st_uid, found.st_gid)

    def lend(self, tenant: Tenant | None, *more: Path) -> None:
        """Give a tenant what it may use, ``more`` beside the usual directories."""
        if tenant is None:
            return
        # The directory itself may be passed through, and not listed: what else lies there is not the tenant's.
        self.job_dir.chmod(self._mode | 0o011)
        for path in more:
            for folder in path.parents:
                if folder.is_relative_to(self.job_dir) and folder != self.job_dir:
                    self._opened.setdefault(folder, folder.stat().st_mode & 0o7777)
                    folder.chmod(self._opened[folder] | 0o011)
        for path in (*(self.job_dir / name for name in _LENT), *more):
            _give(path, tenant.uid, tenant.gid)

    def take_back(self) -> None:
        """Give everything to the owner of the directory. Nothing of the user's code may run any more."""
        if os.geteuid() != 0:
            return
        owner = self.owner or (0, 0)
        for path in self.job_dir.iterdir():
            _give(path, *owner)
        for folder, mode in self._opened.items():
            with contextlib.suppress(OSError):
                folder.chmod(mode)
        with contextlib.suppress(OSError):
            self.job_dir.chmod(self._mode & ~0o011)


def give_back(job_dir: Path) -> None:
    """Hand a job directory to its owner, after an attempt whose supervisor could not do it any more."""
    Ownership(job_dir).take_back()


def _give(path: Path, uid: int, gid: int) -> None:
    for each in _everything(path):
        with contextlib.suppress(OSError):
            found = os.lstat(each)
            if (found.st_uid, found.st_gid) != (uid, gid):
                os.lchown(each, uid, gid)


def _everything(path: Path) -> Iterator[str]:
    """A path and all below it; links are not followed, the path itself not either."""
    yield str(path)
    if path.is_symlink():  # walk() would go through this one
        return
    for parent, folders, files in os.walk(path):
        for name in (*folders, *files):
            yield f"{parent}/{name}"


class ContainerGroup:
    """The control group that the engine made for this container: read, never changed.

    Has the methods of :class:`studio_ext.worker.cgroups.Cgroup`.
    """

    def __init__(self, root: Path = Path("/sys/fs/cgroup")) -> None:
        self.version = 2 if (root / "cgroup.controllers").exists() else 1
        self._memory = root if self.version == 2 else root / "memory"
        self._cpu = root if self.version == 2 else root / "cpuacct"
        self._disk = root if self.version == 2 else root / "blkio"
        self.paths: list[Path] = []

    def create(self, cpus: float | None, memory_bytes: int | None, processes: int) -> None:
        """Nothing: the engine has set the limits."""

    def enter(self) -> None:
        """Nothing: every process of the container is in it."""

    def members(self) -> list[int]:
        """Processes of the container but the supervisor."""
        return [pid for pid in processes.all_pids() if pid != os.getpid()]

    def out_of_memory_kills(self) -> int:
        """How many processes of the container the system killed because the memory limit was reached."""
        return cgroups.out_of_memory_kills(self._memory, self.version)

    def cpu_seconds(self) -> float | None:
        """CPU time of everything that ever ran in the container."""
        return cgroups.cpu_seconds(self._cpu, self.version)

    def memory_bytes(self) -> int | None:
        """What the memory limit of the container is held against, without file contents that the system can drop."""
        return cgroups.memory_bytes(self._memory, self.version)

    def peak_bytes(self) -> int | None:
        """The most that the container held at any moment, with file contents; None where it is not counted."""
        return cgroups.peak_bytes(self._memory, self.version)

    def disk_bytes(self) -> tuple[int, int] | None:
        """Bytes read from and written to disks, where the engine shows them."""
        return cgroups.disk_bytes(self._disk, self.version)

    def remove(self) -> None:
        """Nothing: the engine removes it."""


def own_files(owner: tuple[int, int] | None) -> None:
    """Let every record that this process makes belong to ``owner``."""
    records.OWNER = owner
