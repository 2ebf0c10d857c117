"""Protocols between the use cases and the outside. Each docstring is a promise that the conformance suites check."""
