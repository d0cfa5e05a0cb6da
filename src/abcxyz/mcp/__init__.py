"""Server of the Model Context Protocol."""
