"""Numbers, industries, regions and size classes of Russian organisations."""
