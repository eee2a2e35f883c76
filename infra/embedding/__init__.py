"""What passages are about: engines that make vectors of texts."""
