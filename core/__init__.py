"""What every room stands on: money, secrets at rest, alerts. Imports no other room."""
