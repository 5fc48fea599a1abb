"""What Omnify is compared with. Each is written the way one would write it in earnest, not as a straw man."""
