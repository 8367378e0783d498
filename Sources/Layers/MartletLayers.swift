// MartletLayers: layers and models.
