"""An update without a gap, tried: two versions of the code on one schema, behind a balancer, under a crowd.

versions   the two versions: this checkout, and an earlier commit in a worktree of its own
parts      doors, drains, deliverer and mailer of either version, on one Valkey and one PostgreSQL
balancer   HAProxy in front of the doors
crowd      a rehearsal through the balancer, meanwhile
findings   what is looked at afterwards
"""
