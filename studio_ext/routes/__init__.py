"""REST below ``studio/api/``: one module a resource. A handler parses, calls a client in a thread, and replies."""
