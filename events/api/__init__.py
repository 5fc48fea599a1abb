"""The organizers' API: views, what they validate, and how they render it."""
