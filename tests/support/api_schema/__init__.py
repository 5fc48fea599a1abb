"""schemathesis against a running service, with every check on.

objects    one of everything that there is, made through the API: the real ids that the first cases have
hooks      what schemathesis loads: these cases, and what it must not do to the service under it
verdicts   which of its findings are no faults here, each with its reason
run        runs it in a process of its own
"""
