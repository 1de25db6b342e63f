"""The PlayFab webhook: events, and the records they are mapped to."""
