"""Names, dates and amounts in texts: engines that find them."""
