"""Sends what the outbox holds: claim, sign, POST, record.

dispatcher      the loop that claims and distributes; thread runs it beside Celery
claiming        due deliveries, from the outbox
endpoint_queue  the claimed deliveries of one endpoint, and how many requests it may have at once
sending         one attempt: prepare the request (signed_request), make the HTTP call (client)
recording       results, back to the outbox in bulk; reporting counts and logs them
"""
