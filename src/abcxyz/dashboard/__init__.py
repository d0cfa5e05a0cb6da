"""Live page on the loopback interface over a history and a job."""
