"""What happens between embedding and ranking: each file is one way to rank better."""
