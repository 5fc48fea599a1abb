"""The guides: `docs/` as pages of the service, readable without the internet, and a page for each error code."""
