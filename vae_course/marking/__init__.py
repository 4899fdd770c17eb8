"""A class's submissions: found, run, marked, and told why."""
