"""Pure rules: no I/O, no threads, no clocks."""
