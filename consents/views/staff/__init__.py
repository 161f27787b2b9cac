"""Pages for colleagues: sign-in, and a permission on the object, through one door (`access`)."""
