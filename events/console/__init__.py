"""The organizer's console: sign-in and the frames of its screens.

The screens fill themselves from the public API in the browser, with the organizer's session; nothing here reads an
event.
"""
