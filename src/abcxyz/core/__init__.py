"""The pure core: numpy, attrs and the standard library only."""
