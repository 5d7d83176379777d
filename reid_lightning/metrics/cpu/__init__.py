"""The compiled ranking: ranks by counting, exact where float32 leaves one in doubt."""
