"""Programs that use the service from outside, to read and to copy from."""
