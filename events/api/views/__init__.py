"""One module for each resource. A view validates, makes one call and responds."""
