"""Where classes are written: additional attributes, segments, classification registers."""
