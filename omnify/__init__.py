"""The project: settings, wiring, and what all apps share."""
