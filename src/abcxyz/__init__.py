"""ABC/XYZ customer segmentation."""
