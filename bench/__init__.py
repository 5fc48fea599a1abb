"""`make bench`: what Omnify costs, as ratios to baselines on the same machine in the same run.

stack      servers and programs under test, in a temporary home on free ports
ledger     events and registrations, written as the service writes them
guests     people who come before a measure's clock starts
load       the load generator, `client/`: as fast as it goes, on a timetable, or all at once
yardstick  the door's script called from a bare loop: what Valkey can do alone
measures/  one module for each question; a new one is found by itself, also by the test
lines      a line of the table: ratio, limit, mark, spread
report     the table, `results/latest.md`, `.json` and `.png`
compare    what fell between two results
"""
