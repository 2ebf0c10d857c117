from __future__ import annotations

from pathlib import Path

import pytest

from studio_ext.adapters import workspace_config
from studio_ext.adapters.workspace_config import filesystem, open_workspace
from studio_ext.contract.errors import InvalidRequest


def test_a_new_workspace_is_private(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "a" / "b", {})
    assert workspace.home == tmp_path / "a" / "b"
    assert workspace.jobs.is_dir()
    for folder in (workspace.home, workspace.jobs, workspace.artifacts, workspace.cache):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert workspace.tracking_uri == f"sqlite:///{workspace.home}/mlflow.db"
    assert open_workspace(workspace.home, {}) == workspace


def test_what_lies_in_an_open_folder_is_private_all_the_same(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    workspace = open_workspace(tmp_path, {})
    for folder in (workspace.jobs, workspace.artifacts, workspace.cache):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_the_home_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_workspace(None, {"STUDIO_HOME": str(tmp_path / "x")}).home == tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    assert open_workspace(Path("relative"), {}).home == tmp_path / "relative"


def test_the_tracking_store(tmp_path: Path) -> None:
    (tmp_path / "studio.toml").write_text('[tracking]\nuri = "http://mlflow"\n')
    assert open_workspace(tmp_path, {}).tracking_uri == "http://mlflow"
    assert open_workspace(tmp_path, {"STUDIO_TRACKING_URI": "http://other"}).tracking_uri == "http://other"
    assert open_workspace(tmp_path, {"STUDIO_TRACKING_URI": ""}).tracking_uri == "http://mlflow"


@pytest.mark.parametrize("text", ["[tracking", "tracking.uri = 4", b"\xff", "[tracking]\nuri = []"])
@pytest.mark.parametrize("environ", [{}, {"STUDIO_TRACKING_URI": "http://other"}])
def test_settings_that_cannot_be_read(tmp_path: Path, text: str | bytes, environ: dict[str, str]) -> None:
    """Also where the environment decides: what is wrong shows at once, not in the controller's log."""
    (tmp_path / "studio.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidRequest, match=r"studio\.toml") as caught:
        open_workspace(tmp_path, environ)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "tracking = 4", "[tracking]\nuri = ''", "[other]\nx = 1"])
def test_settings_without_a_tracking_store(tmp_path: Path, text: str) -> None:
    (tmp_path / "studio.toml").write_text(text)
    assert open_workspace(tmp_path, {}).tracking_uri.startswith("sqlite:")


def test_settings_in_a_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "studio.toml").mkdir()
    with pytest.raises(InvalidRequest, match=r"studio\.toml"):
        open_workspace(tmp_path, {})


def test_what_is_logged_by_itself(tmp_path: Path) -> None:
    assert open_workspace(tmp_path, {}).autolog == "on"
    (tmp_path / "studio.toml").write_text('[recording]\nautolog = "off"\n')
    assert open_workspace(tmp_path, {}).autolog == "off"
    assert open_workspace(tmp_path, {"STUDIO_AUTOLOG": "models"}).autolog == "models"
    with pytest.raises(InvalidRequest, match="STUDIO_AUTOLOG: 'yes' is none of on, models, off"):
        open_workspace(tmp_path, {"STUDIO_AUTOLOG": "yes"})
    for wrong in ("true", "5", '"ON"', "[]"):
        (tmp_path / "studio.toml").write_text(f"[recording]\nautolog = {wrong}\n")
        with pytest.raises(InvalidRequest, match=r"studio\.toml: recording\.autolog"):
            open_workspace(tmp_path, {})


def test_a_place_that_cannot_hold_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/studio")):
        with pytest.raises(InvalidRequest, match="cannot be made") as caught:
            open_workspace(home, {})
        assert "STUDIO_HOME" in caught.value.hint


def mount(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    text = "\n".join(["/dev/root / ext4 rw 0 0", *lines, ""])
    whole = Path.read_text

    def read(self: Path, *arguments: str) -> str:
        return text if self == Path("/proc/self/mounts") else whole(self, *arguments)

    monkeypatch.setattr(Path, "read_text", read)


@pytest.mark.parametrize("kind", sorted(workspace_config.NETWORK_FILE_SYSTEMS))
def test_network_file_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    mount(monkeypatch, f"server:/x {tmp_path} {kind} rw 0 0")
    with pytest.raises(InvalidRequest, match="network file system") as caught:
        open_workspace(tmp_path / "studio", {})
    assert "local disk" in caught.value.hint


def test_which_mount_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b" / "größe").mkdir(parents=True)
    mount(
        monkeypatch,
        f"x {tmp_path} nfs rw 0 0",
        f"x {tmp_path}/a\\040b xfs rw 0 0",
        f"x {tmp_path}/a\\040b/größe btrfs rw 0 0",
        f"x {tmp_path}/twice nfs rw 0 0",
        f"x {tmp_path}/twice tmpfs rw 0 0",
    )
    assert filesystem(tmp_path) == "nfs"
    assert filesystem(tmp_path / "a b") == "xfs"
    assert filesystem(tmp_path / "a bc") == "nfs"
    assert filesystem(tmp_path / "a b" / "größe" / "x") == "btrfs"
    assert filesystem(tmp_path / "twice") == "tmpfs"
    (tmp_path / "link").symlink_to(tmp_path / "a b")
    assert filesystem(tmp_path / "link") == "xfs"


def test_where_mounts_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", fail)
    assert filesystem(tmp_path) == ""
