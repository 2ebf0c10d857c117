"""What all runners share: the records of an attempt as they look from outside, and the worker's archive."""
