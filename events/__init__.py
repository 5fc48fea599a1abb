"""Events and registrations: the domain, its stores and its API."""
