"""How the service is put into production: the containers' health check, and trials of what the guides say."""
