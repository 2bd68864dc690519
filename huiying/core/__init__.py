"""The kernel that every part shares: model, ports, errors, configuration, codec. Imports nothing of ours."""
