"""Speed and size of Studio beside its peers: ``python -m benchmarks``. Figures, not tests: nothing fails here."""
