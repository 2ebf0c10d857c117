"""MLflow's REST interface on a server elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from studio_ext.adapters.mlflow_calls import API, Reply, away, encoded, raise_if_away
from studio_ext.contract.errors import Unavailable


class HttpBackend:
    """An MLflow server elsewhere. Credentials come from the URI or from MLflow's own variables."""

    def __init__(self, uri: str, environ: Mapping[str, str], *, patience: float = 30) -> None:
        """``patience``: seconds that an answer may take."""
        parts = urlsplit(uri)
        self._patience = patience
        host = parts.hostname or ""
        netloc = f"[{host}]" if ":" in host else host
        if parts.port is not None:
            netloc += f":{parts.port}"
        self.uri = uri
        self._base = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
        self._environ = environ
        self._userinfo = (unquote(parts.username or ""), unquote(parts.password or ""))
        self._client: Any = None
        self._lock = threading.Lock()

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Reply:
        """See :class:`Backend`."""
        import httpx

        client = self._open()
        headers = {"Content-Type": content_type} if body else {}
        try:
            response = client.request(method, self._base + path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise away(f"{self._base}: {str(error) or type(error).__name__}") from error
        if response.status_code in (401, 407) or (response.status_code == 403 and not response.content[:1] == b"{"):
            raise Unavailable(
                f"The MLflow server {self._base} refuses our credentials (HTTP {response.status_code}).",
                hint="Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, "
                "where Studio's controller starts.",
            )
        reply = Reply(response.status_code, response.content)
        raise_if_away(reply, f"{self._base}: HTTP {reply.status} ")
        return reply

    def log_batch(self, request: Mapping[str, Any]) -> Reply:
        """See :class:`Backend`."""
        return self.call("POST", API + "runs/log-batch", encoded(request))

    def activity(self) -> dict[str, tuple[int, float | None]] | None:
        """See :class:`Backend`."""
        return None

    def tagged_runs(self, key: str, value: str) -> list[str] | None:
        """See :class:`Backend`."""
        return None

    def metric_sums(self, run_ids: Sequence[str]) -> list[tuple[str, str, int, float, float, float, float]] | None:
        """See :class:`Backend`."""
        return None

    def after_fork(self) -> None:
        """Leave the parent's connections alone."""
        self._lock = threading.Lock()
        self._client = None

    def close(self) -> None:
        """Close connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                import httpx

                env, headers, auth = self._environ, {}, None
                user = self._userinfo[0] or env.get("MLFLOW_TRACKING_USERNAME", "")
                password = self._userinfo[1] or env.get("MLFLOW_TRACKING_PASSWORD", "")
                if user:
                    auth = (user, password)
                elif token := env.get("MLFLOW_TRACKING_TOKEN"):
                    headers["Authorization"] = f"Bearer {token}"
                verify: Any = env.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() not in ("true", "1")
                if verify and (bundle := env.get("MLFLOW_TRACKING_SERVER_CERT_PATH")):
                    import ssl

                    verify = ssl.create_default_context(cafile=bundle)
                timeout = httpx.Timeout(self._patience, connect=5)
                self._client = httpx.Client(auth=auth, headers=headers, verify=verify, timeout=timeout)
            return self._client
