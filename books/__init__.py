"""The books as an operator reads them: what each day brought, reports, the month's end, files to take away."""
