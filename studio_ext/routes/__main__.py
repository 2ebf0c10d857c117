"""Prints the OpenAPI document of the REST interface: ``python -m studio_ext.routes``."""

from __future__ import annotations

import json

from studio_ext.routes.table import describe


def main() -> None:
    """Print the document; the same routes and types always give the same text."""
    print(json.dumps(describe(), indent=2))


if __name__ == "__main__":
    main()
