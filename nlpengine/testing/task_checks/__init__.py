"""The checks that every task must pass, each a function of a `Subject`; they need no pytest."""
