"""What the trials share (`deploy/compose-trial` and its like): a line for each check, a deadline, and taking down."""
