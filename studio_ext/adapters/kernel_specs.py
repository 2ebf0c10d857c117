"""Kernels that are installed here, resolved to what it takes to start them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio_ext.contract.errors import FieldError, InvalidRequest
from studio_ext.contract.jobs import KernelChoice, KernelEnvironment

_BASE = ("HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_BASE_MORE = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "XDG_CACHE_HOME", "XDG_DATA_HOME", "JUPYTER_PATH")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_NEVER = ("STUDIO_TOKEN", "JUPYTER_TOKEN", "JUPYTERHUB_API_TOKEN")


class KernelSpecs:
    """See :class:`studio_ext.ports.submission.Environments`."""

    def __init__(self, environ: Mapping[str, str] = os.environ, default_kernel: str = "python3") -> None:
        self._environ = environ
        self._default = default_kernel

    def kernels(self) -> list[KernelChoice]:
        """All installed kernels, the default first."""
        specs = self._specs()
        default = self._default_of(specs)
        choices = []
        for name, spec in specs.items():
            environment = self._resolve(name, spec, [])
            fast = environment.language == "python" and environment.prefix == sys.prefix
            choices.append(
                KernelChoice(name=name, display_name=environment.display_name, language=environment.language, fast=fast)
            )
        return sorted(choices, key=lambda choice: (choice.name != default, choice.display_name.lower()))

    def default(self) -> str | None:
        """The configured default, else any."""
        return self._default_of(self._specs())

    def _default_of(self, specs: Mapping[str, Any]) -> str | None:
        return self._default if self._default in specs else min(specs, default=None)

    def resolve(self, kernel: str, variables: Sequence[str]) -> KernelEnvironment:
        """How to start a kernel."""
        specs = self._specs()
        if kernel not in specs:
            installed = ", ".join(sorted(specs)) or "none"
            raise InvalidRequest.field(
                "kernel",
                f"kernel {kernel!r} is not installed here; installed: {installed}",
                hint="Choose one of these.",
            )
        return self._resolve(kernel, specs[kernel], variables)

    def base_variables(self, environment: KernelEnvironment) -> dict[str, str]:
        """A clean environment: nothing of the submitter's shell but what every program needs.

        In a container that is only the time zone: everything else is the image's.
        """
        if environment.container is not None:
            return {"TZ": self._environ["TZ"]} if self._environ.get("TZ") else {}
        names = [*_BASE, *_BASE_MORE, *(name for name in self._environ if name.startswith("LC_"))]
        values = {name: self._environ[name] for name in names if name in self._environ}
        for name in _PROXIES:  # a proxy with a password in it is a secret: it must be named to be passed on
            if name in self._environ and "@" not in self._environ[name]:
                values[name] = self._environ[name]
        path = self._environ.get("PATH", os.defpath)
        prefix = environment.prefix
        if prefix:
            first = str(Path(prefix) / "bin")
            path = os.pathsep.join([first, *(part for part in path.split(os.pathsep) if part != first)])
            if (Path(prefix) / "pyvenv.cfg").exists():
                values["VIRTUAL_ENV"] = prefix
            elif (Path(prefix) / "conda-meta").is_dir():
                values["CONDA_PREFIX"] = prefix
        values["PATH"] = path
        return values

    def values(self, variables: Sequence[str]) -> dict[str, str]:
        """Values of named variables."""
        errors = []
        for name in variables:
            if name in _NEVER or name.startswith("STUDIO_"):
                errors.append(FieldError(field="variables", message=f"{name} is never passed to a job"))
            elif name not in self._environ:
                errors.append(FieldError(field="variables", message=f"{name} is not set"))
        if errors:
            raise InvalidRequest(errors[0].message + ".", hint="Set it before you submit.", fields=errors)
        return {name: self._environ[name] for name in variables}

    @staticmethod
    def _specs() -> dict[str, Any]:
        from jupyter_client.kernelspec import KernelSpecManager

        specs: dict[str, Any] = KernelSpecManager().get_all_specs()
        return {name: each["spec"] for name, each in specs.items() if each["spec"].get("argv")}

    @staticmethod
    def _resolve(name: str, spec: Mapping[str, Any], variables: Sequence[str]) -> KernelEnvironment:
        argv = [str(each) for each in spec["argv"]]
        version = sys.version_info
        if argv[0] in ("python", f"python{version[0]}", f"python{version[0]}.{version[1]}"):
            argv[0] = sys.executable  # a spec without a path means the interpreter that Jupyter runs in
        language = str(spec.get("language", ""))  # as it is: papermill knows "R", not "r"
        if language.lower() == "python":
            language = "python"
        is_python = language == "python" and Path(argv[0]).is_absolute()
        return KernelEnvironment(
            kernel=name,
            display_name=str(spec.get("display_name", name)),
            language=language,
            argv=argv,
            prefix=str(Path(argv[0]).parent.parent) if is_python else "",
            interrupt_mode=str(spec.get("interrupt_mode", "signal")),
            spec_env={str(key): str(value) for key, value in (spec.get("env") or {}).items()},
            variables=list(variables),
        )
