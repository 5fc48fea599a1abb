"""An event's decision log: its entries as bytes, the Merkle tree over them, tiles, and signed checkpoints.

docs/proof.md says what is proved with it, and docs/the-rules.md has every byte.
"""
