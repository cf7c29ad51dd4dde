"""Import and export of history: the time that people tracked before, with stint or without."""
