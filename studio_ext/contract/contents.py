"""Wire types of the drive ``Studio:``: the models of Jupyter's contents API, as its clients expect them."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # that of typing does not do for pydantic before Python 3.12

ContentsType = Literal["directory", "file", "notebook"]
ContentsFormat = Literal["text", "base64"]


class ContentsModel(TypedDict):
    """A file or folder. A dictionary, because a notebook in it may have any shape."""

    name: str
    path: str
    type: ContentsType
    writable: bool
    created: str
    last_modified: str
    size: int | None
    mimetype: str | None
    content: Any
    """A folder's list of models (without content), a notebook, or text; null when it was not asked for."""
    format: Literal["text", "base64", "json"] | None
    """Form of ``content``; null when there is none."""
    hash: NotRequired[str]
    hash_algorithm: NotRequired[str]
