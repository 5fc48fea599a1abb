"""The project: settings, wiring, and in `common` what every package uses."""

from omnify.common.redis_telemetry import hide

# Before anything imports redis.
hide()
