"""The only place where money moves: accounts, transfers, holds."""
