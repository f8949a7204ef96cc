"""The data sets: fetching, checks, cache, preprocessing, augmentation."""
