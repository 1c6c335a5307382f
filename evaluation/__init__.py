"""How right the results are: DER, speaker count, names, WER and cpWER on recordings with references."""
