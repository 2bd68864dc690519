"""The desk's pages, live feed and JSON API over the ledger, the store and the index."""
