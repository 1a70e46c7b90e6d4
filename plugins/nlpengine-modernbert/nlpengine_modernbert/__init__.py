"""ModernBERT and ELECTRA for nlpengine."""
