"""The project: settings, wiring, and in `common` what every package uses."""
