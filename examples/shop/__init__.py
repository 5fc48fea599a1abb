"""A small checkout for a paid drop. `python -m examples.shop` starts it; README.md beside this says how it works."""
