"""The two kinds of the API as pydantic models; the CRDs are made from them (`python -m modelmonitor.api`)."""
