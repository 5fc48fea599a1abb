"""The draw of an event: what is fixed before the first entry (`setting`), and how it is held (`steps`)."""
