"""Understanding of questions written in Russian and English."""
