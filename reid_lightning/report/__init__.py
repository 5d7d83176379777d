"""What a person looks at: tables and the files of results."""
