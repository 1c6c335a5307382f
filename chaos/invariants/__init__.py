"""What has to be true when everything is quiet again."""
