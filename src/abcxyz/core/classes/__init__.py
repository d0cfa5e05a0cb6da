"""ABC and XYZ classes: rules, cuts, classification, segments and their matrix."""
