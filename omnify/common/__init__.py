"""What every package uses: logs, metrics, the envelope, Redis clients."""
