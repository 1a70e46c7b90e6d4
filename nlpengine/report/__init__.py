"""Run record → terminal tables and one self-contained HTML file."""
