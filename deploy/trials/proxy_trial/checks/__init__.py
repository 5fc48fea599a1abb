"""What is tried on each proxy, one subject a file. Each check returns what it saw, or raises Broken."""
