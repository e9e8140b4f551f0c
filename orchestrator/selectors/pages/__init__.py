"""What each page shows. A page is a fixed number of queries, whatever its size."""
