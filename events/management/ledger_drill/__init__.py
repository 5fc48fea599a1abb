"""What `manage.py drill` is made of.

backup     pg_dump of the ledger as one moment had it, and pg_restore elsewhere
contents   what every table holds, as counts and digests
proofs     whether a ledger agrees with itself: also `manage.py prove_ledger`
aftermath  what was decided behind the backup, and what the queue would make of it
"""
