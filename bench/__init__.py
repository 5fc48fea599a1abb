"""`make bench`: what Omnify costs, as ratios to baselines on the same machine in the same run.

stack      servers and programs under test, in a temporary home on free ports
load       clients: wrk for throughput, `paced` for latency at a fixed rate
measures/  one module for each line of the table
report     the table, `results/latest.json` and `results/latest.png`
"""
