"""What is known of customers: their order days, money of spans of days, and a sample of them."""
