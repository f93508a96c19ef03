"""The CP-SAT model: the only place, with ``solve``, that knows OR-Tools."""
