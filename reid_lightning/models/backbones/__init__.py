"""One file a network: its backbone, its pretrained weights, its names in other frameworks."""
