"""The words of each kind of mail: a function takes `About` and returns its `Content`."""
