"""The controller: the one process of a workspace that moves jobs through their states."""
