"""Template tags of pages and mails."""
