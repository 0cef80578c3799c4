"""The fields that administrators add: their values, their definitions at hand, what can be done to them."""
