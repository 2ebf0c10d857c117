"""Configuration of the JupyterLab that the browser tests open; see ``serve.py``."""

import os
from typing import Any

from jupyterlab.galata import configure_jupyter_server

c: Any
configure_jupyter_server(c)  # noqa: F821

# The front end that was built last goes before the copy that an editable install made of an earlier one.
c.LabServerApp.extra_labextensions_path = [  # noqa: F821
    os.environ["STUDIO_UI_LABEXTENSIONS"],
    c.LabServerApp.extra_labextensions_path,  # noqa: F821
]

# A handler that forgot to ask who calls fails the tests instead of serving anybody.
c.ServerApp.allow_unauthenticated_access = False  # noqa: F821
c.Application.log_level = "ERROR"  # noqa: F821
