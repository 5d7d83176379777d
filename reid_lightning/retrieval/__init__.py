"""What happens between embedding and ranking: re-ranking."""
