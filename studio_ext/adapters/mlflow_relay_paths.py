"""Artefact locations: in the job they are folders of the job directory, in the store they are the store's."""

from __future__ import annotations

import json
import posixpath
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from studio_ext.adapters.mlflow_relay_journal import Own

_LOCATIONS = ("artifact_uri", "artifact_location", "source", "storage_location")
_IDS = ("run_id", "run_uuid", "model_id", "source_run_id")


class Locations:
    """Translates locations in answers and requests."""

    def __init__(self, directory: Path, attempt: int, own: Own) -> None:
        self.local = directory / "artifacts"
        """Where the job's artefacts lie for us."""
        self._root = f"{_seen_directory(directory, attempt)}/artifacts"
        self._own = own

    def _stored(self, identity: Any) -> str | None:
        if not isinstance(identity, str):
            return None
        return self._own.runs.get(identity) or self._own.models.get(identity)

    def to_job(self, value: Any) -> Any:
        """An answer as the job may see it."""
        if isinstance(value, list):
            return [self.to_job(each) for each in value]
        if not isinstance(value, dict):
            return value
        result = {key: self.to_job(each) for key, each in value.items()}
        for key in _LOCATIONS:
            location = result.get(key)
            if isinstance(location, str):
                # Some answers hold a bare location: MLflow's locations have the id as a folder.
                identities = [*(result.get(name) for name in _IDS), *location.split("/")]
                result[key] = self._location_to_job(location, identities)
        if "experiment_id" in result and "artifact_location" in result and "name" in result:
            result["artifact_location"] = self._root
        return result

    def _location_to_job(self, location: str, identities: list[Any]) -> str:
        for identity in identities:
            stored = self._stored(identity)
            if stored and (location == stored or location.startswith(stored.rstrip("/") + "/")):
                return f"{self._root}/{identity}{location[len(stored.rstrip('/')) :]}"
        return location

    def to_store(self, location: str) -> str:
        """A location that the job named, as the store knows it; unchanged where it is none of the job's."""
        path = location
        if location.startswith("file:"):
            path = unquote(urlsplit(location).path)
        path = posixpath.normpath(path)
        if not path.startswith(self._root + "/"):
            return location
        identity, _, rest = path[len(self._root) + 1 :].partition("/")
        stored = self._stored(identity)
        if stored is None:
            return location
        return f"{stored.rstrip('/')}/{rest}" if rest else stored

    def mend_models(self, identity: str) -> None:
        """Let the ``MLmodel`` files of a run or model name the place that they are moved to. Idempotent."""
        stored = self._stored(identity)
        for file in (self.local / identity).rglob("MLmodel") if stored else ():
            if file.is_symlink() or not file.is_file():
                continue
            inside = f"{self._root}/{identity}"
            lines = file.read_text("utf-8", "surrogateescape").splitlines(keepends=True)
            for number, line in enumerate(lines):
                if line.startswith("artifact_path: ") and inside in line:
                    lines[number] = line.replace(inside, str(stored).rstrip("/"))
                    temporary = file.with_name(".MLmodel.part")
                    temporary.write_text("".join(lines), "utf-8", "surrogateescape")
                    temporary.replace(file)

    def listing(self, identity: str, path: str) -> dict[str, Any]:
        """Answer of ``artifacts/list`` for a run or model of the job whose artefacts still lie with the job."""
        root = self.local / identity
        folder = (root / path).resolve() if path else root.resolve()
        files = []
        if folder.is_relative_to(root.resolve()) and folder.is_dir():
            for entry in sorted(folder.iterdir()):
                item: dict[str, Any] = {"path": posixpath.join(path, entry.name), "is_dir": entry.is_dir()}
                if entry.is_file():
                    item["file_size"] = entry.stat().st_size
                files.append(item)
        return {"root_uri": f"{self._root}/{identity}", "files": files}


def _seen_directory(directory: Path, attempt: int) -> str:
    """The job directory as the job sees it: ``launch.json`` says so where it is mounted elsewhere."""
    try:
        launch = json.loads((directory / "attempts" / str(attempt) / "launch.json").read_text("utf-8"))
        seen = launch.get("job_dir")
    except (OSError, ValueError, AttributeError):
        seen = None
    return seen.rstrip("/") if isinstance(seen, str) else str(directory)
