"""Mail to guests: its kinds, its Message-IDs, and when it is tried again. Plain rules."""
