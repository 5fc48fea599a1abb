"""`deploy/compose-trial`: the image is built and the Compose file started, a crowd comes,
both stores are restarted under another one, and everything is stopped and started.
"""
