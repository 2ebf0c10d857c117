"""Finds, sorts and groups trials, over the columns of the trial index."""
