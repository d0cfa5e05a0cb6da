"""What is known of every customer on one day: order days, money of spans of days, a sample."""
