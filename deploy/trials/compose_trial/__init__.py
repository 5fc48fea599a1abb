"""`deploy/compose-trial`: the image is built and the Compose file started, a crowd comes,
both stores are restarted under another one, everything is stopped and started, each container is killed, and some are
cut off from their network.
"""
