"""What the API, the pages of operators, the commands and the workers do with both stores."""
