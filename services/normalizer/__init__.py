"""Any recording becomes 16 kHz mono FLAC of even loudness."""
