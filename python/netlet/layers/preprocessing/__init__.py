"""What comes before the network: features, images, text."""
