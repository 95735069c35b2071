"""The tables and views of the first schema, as it was; never changed afterwards."""
